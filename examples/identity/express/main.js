// An Express app that believes only the signature of Doorward.

import express from "express";
import { createRemoteJWKSet, jwtVerify } from "jose";

const keys = createRemoteJWKSet(new URL(process.env.DOORWARD_KEYS ?? "http://127.0.0.1:8000/.well-known/jwks.json"));
const expected = {
  algorithms: ["EdDSA"],
  issuer: process.env.DOORWARD_ISSUER ?? "http://localhost:8000",
  audience: process.env.DOORWARD_APP ?? "notes",
  requiredClaims: ["exp", "sub"],
};

/** Sets `request.user`, or answers 401; 503 where the keys do not come. */
async function identify(request, response, next) {
  try {
    const { payload } = await jwtVerify(request.get("X-Doorward-Jwt") ?? "", keys, expected);
    request.user = payload;
    next();
  } catch (refused) {
    if (!/^ERR_J(?!OSE_GENERIC|WKS_TIMEOUT)/.test(refused.code)) return response.status(503).json({ message: "The keys of the gateway did not come." });
    response.status(401).json({ message: "This app is reached through its gateway." });
  }
}

const app = express();
app.use(identify);
app.get("/", (request, response) => response.json({ email: request.user.email, groups: request.user.groups }));
app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
