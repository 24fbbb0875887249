"""A FastAPI app with the middleware of starlette-csrf: the token is a signed cookie, and the header must equal it."""

import os

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware
from starlette_csrf import CSRFMiddleware

SECRET = os.environ.get("APP_SECRET", "lab-only-secret-of-sufficient-length")
app = FastAPI(docs_url=None, redoc_url=None)
app.add_middleware(CSRFMiddleware, secret=SECRET, cookie_secure=os.environ.get("COOKIE_SECURE") == "1",
                   cookie_domain=os.environ.get("COOKIE_DOMAIN") or None,
                   cookie_httponly=os.environ.get("COOKIE_HTTPONLY") == "1", sensitive_cookies=None)
app.add_middleware(SessionMiddleware, secret_key=SECRET, https_only=False)


@app.get("/api/csrf")
async def token(request: Request):
    """Any answer carries the cookie; scripts copy it into the header."""
    return {"csrf_token": request.cookies.get("csrftoken", "")}


@app.get("/")
async def front():
    return RedirectResponse("/login")


@app.get("/login", response_class=HTMLResponse)
async def page():
    return "<!DOCTYPE html><title>Sign in</title><div id=root></div><script src=/app.js></script>"


@app.get("/app.js")
async def script():
    text = "const token = document.cookie.match(/csrftoken=([^;]+)/)?.[1]; fetch('/api/login', {method: 'POST', headers: {'x-csrftoken': token}})"
    return HTMLResponse(text, media_type="application/javascript")


@app.post("/api/login")
async def sign_in(request: Request, username: str = Form(""), password: str = Form("")):
    if (username, password) != ("ada", "correct horse battery"):
        return JSONResponse({"detail": "Incorrect username or password"}, 401)
    request.session["user"] = username
    return {"user": username}


@app.get("/api/me")
async def me(request: Request):
    user = request.session.get("user")
    return {"user": user} if user else JSONResponse({"detail": "Not authenticated"}, 401)
