"""`patchtrail device enrol`: enrol this machine by a one-time code, for editors without the extension."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from patchtrail.cli.client import CollectorClient
from patchtrail.cli.console import told
from patchtrail.contract.collection import DeviceChallenge, DeviceEnrolled, DeviceProof, DeviceRequest, KeySet
from patchtrail.contract.evidence import DEVICE_TYPE, DeviceRegistration, Envelope
from patchtrail.contract.lsp import DeviceKey
from patchtrail.integrity import dsse
from patchtrail.integrity.keys import SigningKey, unpadded

__all__ = ["app"]

app = typer.Typer(help="Enrol this machine with a collector.", no_args_is_help=True)


@app.callback()
def device() -> None:
    """Enrol this machine with a collector."""


@app.command()
@told
def enrol(
    url: Annotated[str, typer.Argument(help="Address of the collector.")],
    code: Annotated[str, typer.Argument(help="The one-time code from `patchtrail collect invite`.")],
    host_hint: Annotated[str, typer.Option(help="A name for this machine that its owner will recognise.")] = "",
) -> None:
    """Make a key, prove that we hold it, and print the one line that `patchtrail serve --key-stdin` reads.

    The line is a secret: keep it where your editor keeps secrets, not in a file that others can read.
    """
    seed = secrets.token_bytes(32)
    key = SigningKey(seed)
    client = CollectorClient(url, None)
    shown = client.get("/v1/keys", KeySet).receipt[-1]
    typer.echo(f"The collector's receipt key has the fingerprint {shown.jkt}", err=True)
    request = DeviceRequest(code=code, public_key=key.public.jwk, host_hint=host_hint)
    challenge = client.post("/v1/devices", request, DeviceChallenge)
    proof = DeviceProof(registration=_registration(challenge, key, host_hint))
    enrolled = client.post(f"/v1/devices/{challenge.device_id}/proof", proof, DeviceEnrolled)
    line = DeviceKey(
        kty="OKP",
        crv="Ed25519",
        x=key.public.jwk.x,
        d=unpadded(seed),
        device_token=enrolled.device_token,
        participant_id=enrolled.participant_id,
        collector_url=url,
        server_jkt=shown.jkt,
    )
    typer.echo(line.model_dump_json())


def _registration(challenge: DeviceChallenge, key: SigningKey, host_hint: str) -> Envelope:
    statement = DeviceRegistration(
        v=1,
        challenge=challenge.challenge,
        jkt=key.jkt,
        participant_id=challenge.participant_id,
        study_id=challenge.study_id,
        host_hint=host_hint,
    )
    return Envelope.model_validate_json(dsse.seal(statement, DEVICE_TYPE, key))
