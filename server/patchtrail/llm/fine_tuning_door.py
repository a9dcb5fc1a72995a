"""The door to fine-tuning: a file of training lines is uploaded, and a job that learns from it is started."""

from __future__ import annotations

from dataclasses import dataclass

from patchtrail.contract.errors import InvalidInput
from patchtrail.llm.endpoint import Endpoint
from patchtrail.llm.faults import Faults, said_by

__all__ = ["StartedJob", "start_fine_tuning"]

TIMEOUT_S = 300.0
NO_KEY = "none"


@dataclass(frozen=True)
class StartedJob:
    """The job as the server named it."""

    job_id: str
    file_id: str
    status: str


def start_fine_tuning(endpoint: Endpoint, content: bytes, file_name: str, suffix: str) -> StartedJob:
    """Upload `content` and start a job on the endpoint's model. Nothing is repeated: each upload and job costs.

    Raises `InvalidInput` for an endpoint of another kind, and `ModelUnavailable` with the server's reason; a file that
    was uploaded before the job was refused is deleted again.
    """
    import openai

    if endpoint.kind != "openai":
        raise InvalidInput("Fine-tuning needs an endpoint of kind `openai`: check PATCHTRAIL_MODEL_KIND.")
    faults = Faults(endpoint)
    with openai.OpenAI(
        api_key=endpoint.api_key or NO_KEY, base_url=endpoint.base_url, max_retries=0, timeout=TIMEOUT_S
    ) as client:
        try:
            file = client.files.create(file=(file_name, content), purpose="fine-tune")
            try:
                job = client.fine_tuning.jobs.create(training_file=file.id, model=endpoint.model, suffix=suffix)
            except openai.APIStatusError:
                client.files.delete(file.id)
                raise
        except openai.APIStatusError as error:
            raise faults.status(error.status_code, said_by(error.body), error.response.headers) from None
        except openai.APITimeoutError:
            raise faults.silent() from None
        except openai.APIConnectionError as error:
            raise faults.unreachable(str(error.__cause__ or error)) from None
        except (openai.OpenAIError, ValueError):
            raise faults.unreadable() from None
    return StartedJob(job.id, file.id, job.status)
