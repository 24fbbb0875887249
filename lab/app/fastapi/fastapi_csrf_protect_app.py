"""A FastAPI app with fastapi-csrf-protect: a token for the header, and its signed other half in a cookie."""

import os
import secrets

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi_csrf_protect import CsrfProtect
from fastapi_csrf_protect.exceptions import CsrfProtectError
from pydantic_settings import BaseSettings
from starlette.middleware.sessions import SessionMiddleware


class Settings(BaseSettings):
    """What the package asks for."""

    secret_key: str = secrets.token_hex(32) if os.environ.get("APP_SECRET") == "" else os.environ.get(
        "APP_SECRET", "lab-only-secret-of-sufficient-length")
    cookie_samesite: str = "lax"
    cookie_secure: bool = os.environ.get("COOKIE_SECURE") == "1"
    token_location: str = "header"
    header_name: str = os.environ.get("CSRF_HEADER", "X-CSRF-Token")


@CsrfProtect.load_config
def settings():
    return Settings()


app = FastAPI(docs_url=None, redoc_url=None)
app.add_middleware(SessionMiddleware, secret_key="lab-only-session", https_only=False)


@app.exception_handler(CsrfProtectError)
def refused(_: Request, error: CsrfProtectError):
    return JSONResponse({"detail": error.message}, error.status_code)


@app.get("/csrf-token")
async def token(protect: CsrfProtect = Depends()):
    plain, signed = protect.generate_csrf_tokens()
    response = JSONResponse({"csrf_token": plain})
    protect.set_csrf_cookie(signed, response)
    return response


@app.get("/login")
async def page():
    return JSONResponse({"sign in": "POST /login, after GET /csrf-token"})


@app.post("/login")
async def sign_in(request: Request, protect: CsrfProtect = Depends()):
    await protect.validate_csrf(request)
    body = await request.json()
    if (body.get("username"), body.get("password")) != ("ada", "correct horse battery"):
        return JSONResponse({"detail": "Incorrect username or password"}, 401)
    request.session["user"] = body["username"]
    return {"user": body["username"]}


@app.get("/me")
async def me(request: Request):
    user = request.session.get("user")
    return {"user": user} if user else JSONResponse({"detail": "Not authenticated"}, 401)
