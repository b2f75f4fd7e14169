"""What the public headers say: their functions, each with its prototype and the comment that speaks of it. For the scripts of this folder.

A comment stands right above the function, or behind it on its last line; it counts for all functions that follow without an empty line, as far
as they have none of their own. What follows a section line (a comment of dashes) belongs to that section."""
import os
import re

SRC = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCLUDE = os.path.join(SRC, "sdk/include")
SECTION = re.compile(r"/\* -{10,} ([^\n]*?)(?: \*/|\n)")
NAME = r"_?rr_\w+"


class Function:
    def __init__(self, header, section, name, prototype, inline):
        self.header, self.section, self.name, self.prototype, self.inline = header, section, name, prototype, inline
        self.comment = ""

def headers():
    found = [os.path.relpath(os.path.join(d, n), INCLUDE) for d, _, names in os.walk(INCLUDE) for n in names if n.endswith(".h")]
    return sorted(found, key=lambda h: (h != "rerun.h", h.count("/") == 0, h))


def clean(comment):
    """The text of a comment, without its frame; "name() - what" becomes "What"."""
    lines = [re.sub(r"^\s*\* ?", "", line) for line in comment.strip()[2:-2].lstrip("*").split("\n")]
    text = "\n".join(lines).strip()
    named = re.match(rf"{NAME}\(\) - (.)", text)
    return named.group(1).upper() + text[named.end():] if named else text


def read(header):
    """With each definition of a macro on one line."""
    with open(os.path.join(INCLUDE, header), encoding="utf-8") as f:
        return re.sub(r"\\\n\s*", " ", f.read())


def expand(text):
    """Inline functions that a macro defines stand where it is used: RR_OPTIONS_(image) at the start of a line."""
    for name, params, body in (d for h in headers() for d in
                               re.findall(r"^#define (RR_\w+_)\(([^)]*)\)\s+(static inline [^\n]*)$", read(h), re.M)):
        def use(match):
            filled = body
            for param, value in zip(params.split(", "), match.group(1).split(", ")):
                filled = re.sub(rf"##{param}##|##{param}\b|\b{param}##|\b{param}\b", value, filled)
            return filled
        text = re.sub(rf"^{name}\(([^()\n]*)\)$", use, text, flags=re.M)
    return text


def pieces(text):
    """('comment' | 'gap' | 'section' | 'code', text) of a header, in order: bodies, preprocessor lines and extern "C" are left out."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "\n", text, flags=re.M)
    text = re.sub(r'extern "C" \{', "\n", text)
    text = re.sub(r"^[A-Z][A-Z0-9_]*\([^()\n]*\)$", "", text, flags=re.M)  # a macro that defines something
    token = re.compile(r"/\*.*?\*/|//[^\n]*|\n[ \t]*\n|[{};]|[^{};/\n]+|.|\n", re.S)
    depth, code = 0, ""
    for match in token.finditer(text):
        t = match.group()
        if t.startswith("/*"):
            section = SECTION.match(t)
            trailing = not section and "\n" not in text[text.rfind(";", 0, match.start()) + 1:match.start()] and not code.strip() and depth == 0
            if depth == 0:
                yield ("section", section.group(1)) if section else ("behind" if trailing else "comment", clean(t))
        elif t.startswith("//"):
            pass
        elif t == "{":
            code += "{}" if depth == 0 else ""
            depth += 1
        elif t == "}":
            if depth == 0:
                continue  # of extern "C"
            depth -= 1
            if depth == 0 and re.search(rf"{NAME}\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*\{{\}}$", code.strip()):
                yield "code", code.strip()
                code = ""
        elif depth:
            pass
        elif t == ";":
            yield "code", code.strip() + ";"
            code = ""
        elif t.strip() == "" and t.count("\n") > 1 and not code.strip():
            yield "gap", ""
        else:
            code += t


def functions_of(header):
    text = expand(read(header))
    found, section, comment, last = [], "", "", None
    for kind, t in pieces(text):
        if kind == "section":
            section, comment, last = t, "", None
        elif kind == "gap":
            comment, last = "", None
        elif kind == "comment":
            comment, last = t, None
        elif kind == "behind" and last:
            last.comment = t
        elif kind == "code":
            one_line = " ".join(t.split())
            match = re.match(rf"(?!typedef\b|struct \w+ ?\{{|enum\b|union\b)[^(=]*?\b({NAME})\s*\(", one_line)
            last = None
            if match:
                last = Function(header, section, match.group(1), re.sub(r" ?\{\}$|;$| __attribute__.*$", "", one_line), "{}" in one_line)
                last.comment = comment
                found.append(last)
            elif comment and not one_line.startswith("typedef"):
                comment = ""
    return found


def functions():
    return [f for h in headers() for f in functions_of(h)]
