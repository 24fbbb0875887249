"""What a browser recorded, written out as a HAR file from the few words that a scenario says of each request."""

import json


def har(calls):
    """A HAR file of these calls."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "lab", "version": "1"}, "pages": [],
                               "entries": [entry(number, **call) for number, call in enumerate(calls)]}})


def entry(number, url, method="GET", status=200, sent=None, got=None, cookies=(), body="", kind="text/html", error=None,
          worker=False, set_cookies=()):
    """One call; `error` is what the browser says where it sent or got nothing."""
    fields = [{"name": name, "value": value} for name, value in (sent or {}).items()]
    if cookies:
        fields.append({"name": "Cookie", "value": "; ".join(f"{name}=v{number}" for name in cookies)})
    answer = [{"name": name, "value": value} for name, value in (got or {}).items()]
    answer += [{"name": "Set-Cookie", "value": line} for line in set_cookies]
    response = {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": answer, "cookies": [],
                "content": {"size": len(body), "mimeType": kind, "text": body},
                "redirectURL": (got or {}).get("Location", ""), "headersSize": -1, "bodySize": len(body)}
    if error:
        response["_error"] = error
    if worker:
        response["_fetchedViaServiceWorker"] = True
    return {"startedDateTime": f"2026-01-02T03:04:{5 + number:02}.000Z", "time": 12,
            "request": {"method": method, "url": url, "httpVersion": "HTTP/1.1", "headers": fields,
                        "cookies": [{"name": name, "value": f"v{number}"} for name in cookies], "queryString": [],
                        "headersSize": -1, "bodySize": 0},
            "response": response, "cache": {}, "timings": {"send": 0, "wait": 11, "receive": 1}}
