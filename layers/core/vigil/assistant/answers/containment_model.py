"""Containment of instructions in documents and questions: texts that address the service, and texts with markup."""

import re
import unicodedata

from vigil.assistant.answers.folding_model import fold, is_hidden

_ADDRESS = re.compile(r"(?<=\w)://|\bwww\.\w|\b(?:mailto|javascript|data):\S", re.IGNORECASE)
_MARKUP = re.compile(r"<[/!?a-z]|\]\(|!\[|^\[[^\]\n]{0,80}\]:|```|&#?\w{2,8};|\{\{|\[\[", re.IGNORECASE | re.MULTILINE)

_TEXTS = (
    "instructions?|prompts?|rules|directives?|guardrails|polic(?:y|ies)|safeguards|restrictions|filters?|constraints"
    "|(?:previous|prior|preceding|earlier|other|above)"
    " (?:text|passages?|context|messages?|documents?|sources?|sentences?)"
    "|everything (?:before|else|above)|safety(?: checks?)?|what you (?:were|are|have been) told"
    "|the above(?= and|[.,;:!]|$)"
)
_SECRETS = (
    "(?:system|hidden|initial|own|your) ?(?:prompt|instructions?|message)|prompts?|api ?keys?|passwords?|credentials"
    "|canary|secrets?|access ?tokens?|environment variables|source code|other (?:tenants?|patients?)'?|chat history"
)
_BEGIN = r"(?:^|[.!?:;,\"'] |please |now |and then )"
_DISCLOSE = "reveal|disclose|expose|leak|print|display|output|dump|show|send|post|forward|e-?mail|upload|exfiltrate"
_BECOME = "you are|you're|act as|behave as|pretend (?:to be|that you)|play the role of"
_SAY = "respond|reply|answer|output|say|print|translate|summari[sz]e"
_INFORM = "tell|inform|mention|alert|warn|reveal|show|disclose"
_THIS = "this (?:sentence|passage|document|text|source|paragraph|note|page)"
_OWN = "guidelines|instructions?|prompts?|configuration|rules|tasks?|purpose|mission|training|output|reply|answers?"
_ROLES = "ai|assistant|model|chatbot|bot|system|administrator|developer|pirate"
_FORMS = (
    # orders to ignore
    rf"\b(?:ignore|ignoring|disregard|override|overrule|bypass)\b(?: [\w'-]+){{0,4}} (?:{_TEXTS})",
    rf"{_BEGIN}(?:forget|skip|neglect|drop)(?: [\w'-]+){{0,4}} (?:{_TEXTS})",
    r"\bnew instructions?(?: ?:| for (?:you|the (?:assistant|model|ai))\b)",
    rf"\byour(?: [\w'-]+)? (?:{_OWN})\b",
    # orders to disclose
    rf"\b(?:{_DISCLOSE})\b(?: [\w'-]+){{0,5}} (?:{_SECRETS})(?!\w)",
    # names and roles of the service
    rf"\b(?:{_BECOME})(?: now)? (?:an? |the )?(?:[\w-]+ ){{0,2}}(?:{_ROLES})\b",
    r"\bai (?:assistant|model|system)s?\b|\bvirtual assistant\b|\blanguage models?\b|\bchat ?(?:gpt|bots?)\b|\bllms?\b",
    r"\b(?:as|are) (?:an?|the) (?:[\w-]+ )?ai\b|\b(?:claude|gemini|copilot|openai|anthropic|gpt[ -]?\d)\b",
    r"\b(?:dear|hey|hello|attention|note to|message to)[,:]?(?: the)? (?:assistant|model|ai|bot|system)\b",
    r"\b(?:system|developer|jailbreak|god|debug|admin) (?:prompt|mode|override|message)\b",
    r"\bfrom now on,? you\b|\bdo anything now\b",
    # marks of a conversation
    r"(?:^|[.!?;\n] ?)(?:assistant|system|developer) ?: ?(?:you|your|ignore|please|do|always|from|never|only)\b",
    r"<\|[\w ]{0,20}\|>|\[/?inst\]|(?<!#)#{2,}+ ?(?:system|instruction|response)",
    r"\b(?:begin|end) (?:of )?(?:system|prompt)\b",
    # orders to run
    r"\b(?:call|invoke)(?: [\w'-]+){0,3} (?:tools?|plugins?|api|webhook|endpoint)\b",
    r"\b(?:execute|run|trigger)(?: [\w'-]+){0,3} (?:commands?|scripts?|code|shell|sql|functions?|tools?|query)\b",
    r"\b(?:browser|python|shell|search) tool\b",
    r"\b(?:delete|erase|remove)(?: [\w'-]+){0,2} (?:every|all)(?: other)? (?:documents?|passages?|files?)\b",
    # orders about the answer
    rf"{_BEGIN}(?:{_SAY})(?: [\w'-]+){{0,3}} (?:only|exactly|verbatim|nothing but|the following|in json|[\"'])",
    rf"\b(?:{_SAY})(?: [\w'-]+){{0,3}} with (?:the )?(?:words?|text|sentence|phrase|only|exactly|[\"'])",
    rf"\b(?:not|don't|never|without) (?:{_INFORM})(?:ing)?(?: [\w'-]+){{0,4}} (?:user|clinician|reader)\b",
    rf"{_BEGIN}(?:reply|respond|answer) with\b|\b(?:begin|start|end) your (?:response|reply)\b",
    r"\bin (?:each|every) (?:reply|answer|output|summary)\b|\b(?:before|instead of|when) (?:answering|replying)\b",
    r"\bbefore you (?:reply|answer|respond)\b|\bwrite (?:an? |me )+(?:poem|story|song|joke|essay|limerick)\b",
    rf"\b(?:when|while|after) (?:summari[sz]|process|answer|index|read)ing {_THIS}\b",
    r"\b(?:repeat|print|echo|output) the (?:words|text|lines?|messages?) (?:above|before)\b",
    rf"\b(?:select|choose|cite|quote|rank|return|prefer|show)(?: [\w'-]+){{0,3}} {_THIS}\b",
    rf"\b(?:{_THIS}|the following) (?:overrides|supersedes|replaces all)\b",
    r"\b(?:mark|set|treat|rate|report)(?: [\w'-]+){0,3} (?:answerable|unanswerable|confidence)\b",
)
_WORD_FORMS = [form for form in _FORMS if form.startswith(r"\b")]
_OTHER_FORMS = [form for form in _FORMS if not form.startswith(r"\b")]
_WORDS_TO_SERVICE = re.compile(rf"\b(?=\w)(?:{'|'.join(_WORD_FORMS)})")
_MARKS_TO_SERVICE = re.compile("|".join(_OTHER_FORMS))
_SPACED_LETTERS = re.compile(r"(?<!\w)(?:[^\W\d_][ .*_-]{1,3}){6,}[^\W\d_](?!\w)")
_CODE = "[A-Za-z0-9+/=_-]"
_ENCODED = re.compile(
    rf"(?<!{_CODE})(?={_CODE}*[0-9])(?={_CODE}*[A-Za-z]){_CODE}{{48,}}"
    r"|(?:\\x?[0-9a-fA-F]{2,4}){6,}|(?:%[0-9a-fA-F]{2}){6,}"
)
_WORD = re.compile(r"[^\W_]+")
_SPELLED_WORD = re.compile(r"[\w@$]+")
_DIGIT_LETTERS = str.maketrans("013457@$", "oieastas")


def instruction_like(text: str) -> bool:
    """Return True if a text addresses the service in place of a reader, or hides its words.

    It finds orders to ignore, to disclose, to call or to answer in a certain way, names of language models and roles,
    words of mixed scripts, spaced letters, and long codes. It is a filter of known forms: of 24 orders that were added
    afterwards in other words, it finds 10. Documents are contained because a model can only select sentences, which are
    shown as plain text of their source.
    """
    if _ENCODED.search(text) or _SPACED_LETTERS.search(text) or any(map(_has_mixed_scripts, _WORD.findall(text))):
        return True
    folded = fold(text).text.replace("*", "").replace("_", " ")
    spelled = _SPELLED_WORD.sub(_with_letters, folded)
    return any(_WORDS_TO_SERVICE.search(form) or _MARKS_TO_SERVICE.search(form) for form in {folded, spelled})


def is_plain_text(text: str) -> bool:
    """Return True for a text without addresses, links, markup and hidden characters."""
    forms = (text,) if text.isascii() else (text, unicodedata.normalize("NFKC", text))
    return not (any(_ADDRESS.search(form) or _MARKUP.search(form) for form in forms) or any(map(is_hidden, text)))


def _with_letters(word: re.Match[str]) -> str:
    """Return a word with letters in place of the digits that look like them."""
    return word[0].translate(_DIGIT_LETTERS) if any(map(str.isalpha, word[0])) else word[0]


def _has_mixed_scripts(word: str) -> bool:
    """True for a word with letters of Latin and of another script that looks like it. One Greek letter is a symbol."""
    if word.isascii():
        return False
    scripts = {unicodedata.name(each, "").partition(" ")[0] for each in word if each.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) and len(word) > 3
