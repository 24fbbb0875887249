"""A mail server for tests: python3 smtp.py PORT DIRECTORY MODE CERTIFICATE KEY. Each letter becomes a file."""

import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

port, place, mode, certificate, key = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
count = 0


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if mode == "slow":
            await asyncio.sleep(2)
        if mode == "refuse":
            return "550 5.1.1 nobody has this name"
        if mode == "later":
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "is_encrypted": session.ssl is not None or mode == "implicit",
            "user": str(session.login_data or ""),
            "content": envelope.content.decode("ascii"),
        }
        draft = os.path.join(place, f"{count:04}.tmp")
        with open(draft, "w") as out:
            json.dump(letter, out)
        os.rename(draft, os.path.join(place, f"{count:04}.json"))
        return "250 taken"


def admit(server, session, envelope, mechanism, data):
    is_right = data.login == b"doorward" and data.password == b"the word of mail"
    return AuthResult(success=is_right, auth_data=data.login.decode("ascii"))


def connection():
    encrypts = mode not in ("implicit", "stripped")
    return SMTP(
        Handler(),
        hostname="localhost",
        tls_context=context if encrypts else None,
        require_starttls=encrypts,
        authenticator=admit,
        auth_required=True,
        auth_require_tls=encrypts,
    )


async def main():
    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", int(port), ssl=context if mode == "implicit" else None
    )
    await server.serve_forever()


asyncio.run(main())
