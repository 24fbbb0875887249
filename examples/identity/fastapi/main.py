"""A FastAPI app that believes only the signature of Doorward."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException

KEYS = jwt.PyJWKClient(os.environ.get("DOORWARD_KEYS", "http://127.0.0.1:8000/.well-known/jwks.json"), lifespan=300)
ISSUER = os.environ.get("DOORWARD_ISSUER", "http://localhost:8000")
APP = os.environ.get("DOORWARD_APP", "notes")

app = FastAPI()


def identify(x_doorward_jwt: Annotated[str | None, Header()] = None) -> dict:
    """The claims of whoever asks; 401, or 503 where the keys do not come. Not async: fetching keys may wait."""
    try:
        key = KEYS.get_signing_key_from_jwt(x_doorward_jwt or "")
        return jwt.decode(
            x_doorward_jwt,
            key.key,
            algorithms=["EdDSA"],
            issuer=ISSUER,
            audience=APP,
            leeway=5,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWKClientConnectionError as fault:
        raise HTTPException(503, "The keys of the gateway did not come.") from fault
    except jwt.PyJWTError as refused:
        raise HTTPException(401, "This app is reached through its gateway.") from refused


@app.get("/")
def home(user: Annotated[dict, Depends(identify)]) -> dict:
    return {"email": user["email"], "groups": user["groups"]}
