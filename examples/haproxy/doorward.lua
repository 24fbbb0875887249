-- Asks Doorward whether a request may pass; made by `doorward proxy-config haproxy-lua`, for HAProxy 2.6 or newer.
-- Sets the variable txn.doorward to "allow" after an answer of 200, and after nothing else. The configuration
-- denies whatever does not have it, so an error in here, or no answer, lets nobody in.

local ASK = "http://127.0.0.1:8000/api/authz/forward-auth"
local COOKIES = { ["__host-doorward"] = true, ["__host-doorward-entry"] = true, ["__host-doorward-device"] = true, ["__host-http-csrf_bind"] = true }

-- A matter between neighbours (RFC 9110, section 7.6.1), or about a body that is not sent along.
local LEFT_OUT = {}
for _, name in ipairs({ "host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "content-length", "expect", "http2-settings" }) do
    LEFT_OUT[name] = true
end

local function first(values)
    return values and (values[0] or values[1]) or nil
end

local function question(txn, origin)
    local scheme, authority = origin:match("^(%a+)://(.+)$")
    local headers = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        if not LEFT_OUT[name:lower()] then
            headers[name] = values
        end
    end
    headers["x-forwarded-method"] = { txn.sf:method() }
    headers["x-forwarded-proto"] = { scheme }
    headers["x-forwarded-host"] = { authority }
    headers["x-forwarded-uri"] = { txn.sf:pathq() }
    headers["x-forwarded-for"] = { txn.sf:src() }
    return headers
end

-- Doorward's own answer goes to the client as it is: a redirect, a page, a problem.
local function refuse(txn, answer)
    local reply = txn:reply({ status = answer.status, reason = answer.reason })
    for name, values in pairs(answer.headers or {}) do
        if not LEFT_OUT[name:lower()] then
            for _, value in pairs(values) do
                reply:add_header(name, value)
            end
        end
    end
    if txn.sf:method() ~= "HEAD" then
        reply:set_body(answer.body or "")
    end
    txn:done(reply)
end

-- An app never sees what proves a session to Doorward.
local function clean_cookies(txn)
    local values = txn.http:req_get_headers()["cookie"]
    if not values then
        return
    end
    local kept = {}
    for _, value in pairs(values) do
        for pair in value:gmatch("[^;]+") do
            local name = pair:match("^%s*([^=]*)"):gsub("%s+$", ""):lower()
            if not COOKIES[name] then
                kept[#kept + 1] = pair:match("^%s*(.-)%s*$")
            end
        end
    end
    txn.http:req_del_header("cookie")
    if #kept > 0 then
        txn.http:req_set_header("cookie", table.concat(kept, "; "))
    end
end

core.register_action("doorward", { "http-req" }, function(txn, origin, names)
    txn:set_var("txn.doorward", "deny")
    local answer = core.httpclient():get({ url = ASK, headers = question(txn, origin), timeout = 5000 })
    if not answer then
        return
    end
    local headers = answer.headers or {}
    if answer.status ~= 200 then
        -- Only Doorward names its requests; without that it was not Doorward who answered.
        if answer.status and answer.status >= 300 and answer.status < 500 and first(headers["x-request-id"]) then
            refuse(txn, answer)
        end
        return
    end
    for name in names:gmatch("[^,]+") do
        local value = first(headers[name])
        txn.http:req_del_header(name)
        if value and value ~= "" then
            txn.http:req_set_header(name, value)
        end
    end
    clean_cookies(txn)
    txn:set_var("txn.doorward", "allow")
end, 2)
