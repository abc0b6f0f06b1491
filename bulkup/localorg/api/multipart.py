"""A create call that brings its data along: a multipart body of `job` and `content`."""

from email.parser import BytesParser
from email.policy import HTTP

from bulkup.localorg.http.messages import Refusal

_MOST_CHARACTERS = 100_000


def split(content_type: str, body: bytes) -> tuple[bytes, bytes]:
    """The two parts of a multipart create: the job's JSON and its CSV. Raises Refusal."""
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    parts: dict[str, bytes] = {}
    if message.is_multipart():
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                parts[str(name)] = payload
    if set(parts) != {"job", "content"}:
        raise Refusal(400, "INVALIDJOB", "Multipart message must have the parts job and content")
    if len(parts["content"].decode("utf-8", "replace")) > _MOST_CHARACTERS:
        message_ = f"Multipart content is over {_MOST_CHARACTERS} characters"
        raise Refusal(413, "EXCEEDED_MAX_SIZE_REQUEST", message_)
    return parts["job"], parts["content"]
