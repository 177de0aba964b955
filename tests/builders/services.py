"""Services that people are told by, as far as their published rules go: each refuses what the real one refuses."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from builders.http import Asked, Told

KEY = "e93facc04764012d7bfb002500d5d1a6"
"""32 characters, as an integration key of PagerDuty has."""
_LIMITS = {"header": 150, "section": 2000, "context": 3000}
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_LINK = re.compile(r"<https?://[^|<>\s]+\|[^|<>]+>")


def slack(asked: Asked) -> Told:
    """An incoming webhook: 50 blocks, texts of known lengths, nothing unescaped, and no mention."""
    sent = json.loads(asked.body)
    wrong = list(_wrong_blocks(sent.get("blocks", [])))
    if asked.headers["Content-Type"] != "application/json" or not sent.get("text") or len(sent["text"]) > 40_000:
        wrong.append("no_text")
    wrong += _unescaped(sent["text"])
    return Told(400, f"invalid_blocks {wrong}".encode()) if wrong else Told(200, b"ok")


def _wrong_blocks(blocks: list[dict[str, Any]]) -> Iterator[str]:
    if not 1 <= len(blocks) <= 50:
        yield "number of blocks"
    for block in blocks:
        texts = [block["text"]] if "text" in block else block.get("fields") or block["elements"]
        if not 1 <= len(texts) <= 10:
            yield f"number of texts in a {block['type']}"
        for one in texts:
            if not 1 <= len(one["text"]) <= _LIMITS[block["type"]]:
                yield f"length of a {block['type']}"
            if one["type"] == "plain_text" and one.get("emoji") is not False:
                yield "emoji"
            yield from _unescaped(one["text"] if one["type"] == "plain_text" else _LINK.sub("", one["text"]))


def _unescaped(text: str) -> list[str]:
    return [text] if re.search(r"[<>]|@\w", text) or _ENTITY.search(text) else []


def pagerduty(asked: Asked) -> Told:
    """The Events API v2."""
    sent = json.loads(asked.body)
    wrong = list(_wrong_event(sent))
    if wrong:
        return Told(400, json.dumps({"status": "invalid event", "errors": wrong}).encode())
    return Told(202, json.dumps({"status": "success", "dedup_key": sent["dedup_key"]}).encode())


def _wrong_event(sent: dict[str, Any]) -> Iterator[str]:
    if len(sent.get("routing_key", "")) != 32:
        yield "routing_key"
    if sent.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        yield "event_action"
    if not 1 <= len(sent.get("dedup_key", "")) <= 255:
        yield "dedup_key"
    if sent.get("event_action") != "trigger":
        return
    payload = sent["payload"]
    if not 1 <= len(payload["summary"]) <= 1024:
        yield "summary"
    if payload["severity"] not in ("critical", "error", "warning", "info") or not payload["source"]:
        yield "severity or source"
    if datetime.fromisoformat(payload["timestamp"]).tzinfo is None:
        yield "timestamp"
    if any(not one["href"].startswith(("http://", "https://")) for one in sent["links"]):
        yield "links"
    if len(json.dumps(sent)) > 512_000:
        yield "size"


def once(first: Told, then: Callable[[Asked], Told]) -> Callable[[Asked], Told]:
    """A service that answers otherwise the first time."""
    answers = iter([first])
    return lambda asked: next(answers, None) or then(asked)
