"""Documents in memory: sentences as versions with one passage for each sentence or for all."""

from collections.abc import Sequence

from vigil.assistant.passages.model import Passage, PassageId, PassageKind, Span, VersionText


def version_of(
    document_id: str,
    *paragraphs: Sequence[str],
    version: int = 1,
    headings: tuple[str, ...] = (),
    kind: PassageKind = "prose",
) -> VersionText:
    """Return a version with a passage for each paragraph, which is given by its sentences."""
    passages: list[Passage] = []
    texts: list[str] = []
    place = 0
    for number, sentences in enumerate(paragraphs, start=1):
        text = " ".join(sentences)
        spans, start = [], 0
        for sentence in sentences:
            end = start + len(sentence.encode())
            spans.append(Span(start, end))
            start = end + 1
        whole = Span(place, place + len(text.encode()))
        passages.append(
            Passage(PassageId(document_id, version, number), text, whole, tuple(spans), headings, None, kind)
        )
        texts.append(text)
        place = whole.end + 2
    return VersionText("\n\n".join(texts), tuple(passages))
