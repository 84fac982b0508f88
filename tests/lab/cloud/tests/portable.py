"""What the scripts for a laptop must not use: the bash of macOS is 3.2, and its tools are BSD's.

A rule is what it refuses, a pattern for a line, and lines that it has to refuse.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# A word of options before the one that matters.
_OPTIONS = r"(\s+-\w+)*\s+"
# A variable, or an element of an array, up to where an operator would be.
_NAME = r"\$\{!?[\w@*]+(\[[^]]*\])?"


class Rule(NamedTuple):
    refuses: str
    pattern: str
    samples: tuple[str, ...]


# Younger than bash 3.2, with the version that brought each.
BASH = (
    Rule(
        "associative arrays (4.0)",
        rf"\b(declare|local|typeset|readonly){_OPTIONS}-\w*A",
        ("declare -A a=()", "local -r -A a"),
    ),
    Rule(
        "case as an attribute (4.0)", rf"\b(declare|local|typeset){_OPTIONS}-\w*[lu]", ("declare -l a", "local -ru a")
    ),
    Rule("declare -g (4.2)", rf"\b(declare|typeset){_OPTIONS}-\w*g", ("declare -g a=1",)),
    Rule("references (4.3)", rf"\b(declare|local|typeset){_OPTIONS}-\w*n", ("local -n a=b",)),
    Rule("local - (4.4)", r"\blocal\s+-(\s|;|$)", ("local -", "local -; set -x")),
    Rule(
        "mapfile, coproc, compopt (4.0)",
        r"\b(mapfile|readarray|coproc|compopt)\b",
        ("mapfile -t a", "readarray a", "coproc cat"),
    ),
    Rule(
        "${x^}, ${x,} (4.0)",
        _NAME + r"[\^,]",
        ("echo ${x^^}", 'echo "${x,,}"', "echo ${1,}", "echo ${a[0]^}", "echo ${@^^}"),
    ),
    Rule("${x@Q} (4.4)", _NAME + r"@[A-Za-z]\}", ("echo ${x@Q}", "echo ${a[@]@Q}")),
    Rule("negative indexes (4.2)", r"\w\[\s*-\s*\d", ("echo ${a[-1]}", "unset 'a[-1]'", "a[-1]=x")),
    Rule("negative lengths (4.2)", _NAME + r":\s*[^-+=?}:][^}:]*:\s*-", ("echo ${x:0:-1}", "echo ${x: 1: -2}")),
    Rule("|& (4.0)", r"\|&", ("ls |& cat",)),
    Rule("&>> (4.0)", r"&>>", ("ls &>>log",)),
    Rule(";& and ;;& (4.0)", r";;?&(?!&)", ("a) echo ;&", "a) echo ;;&")),
    Rule("{name}> (4.1)", r"(?<!\$)\{[A-Za-z_]\w*\}[<>]", ("exec {fd}>file", "exec {fd}<&-")),
    Rule("printf into an element (4.1)", r"\bprintf\s+-v\s*\S*\[", ('printf -v "a[1]" %s x', "printf -v a[i] x")),
    Rule("printf %(…)T (4.2)", r"%-?\d*\([^)]*\)T", ("printf '%(%F)T' -1",)),
    Rule(
        "-v and -R in tests (4.2, 4.3)",
        r"(\[|\btest|&&|\|\||!|\()\s+-[vR]\s",
        ("[ -v x ]", "[[ -v x ]]", "[[ a && ! -v x ]]", "test -R x"),
    ),
    Rule("wait -n, -f, -p (4.3)", r"\bwait\s+-", ("wait -n", "wait -p x")),
    Rule(
        "variables of later versions",
        r"\$\{?(EPOCHSECONDS|EPOCHREALTIME|SRANDOM|BASHPID|BASH_ARGV0|READLINE_\w+|MAPFILE|BASH_LOADABLES_PATH)\b",
        ("echo $BASHPID", "echo ${EPOCHREALTIME/./}", "echo $EPOCHSECONDS", "echo $SRANDOM"),
    ),
    Rule("settings of later versions", r"\b(BASH_XTRACEFD|BASH_COMPAT|FUNCNEST|PS0|EXECIGNORE)=", ("BASH_XTRACEFD=7",)),
    Rule(
        "shopt of later versions",
        r"\bshopt\s.*\b(globstar|lastpipe|inherit_errexit|autocd|dirspell|checkjobs|globasciiranges|localvar_\w+|assoc_expand_once)\b",
        ("shopt -s globstar", "shopt -s nullglob lastpipe", "shopt -s inherit_errexit"),
    ),
    Rule("{1..9..2}, {01..10} (4.0)", r"\{-?\w+\.\.-?\w+\.\.|\{-?0\d+\.\.", ("echo {1..9..2}", "echo {01..10}")),
    Rule("read -i, -N (4.0, 4.1)", rf"\bread{_OPTIONS}-?\w*[iN]\b", ("read -N 1 x", "read -r -i a x", "read -eri a x")),
    Rule("fractions of a second (4.0)", r"\bread\b[^|;]*-\w*t\s*\d*\.\d", ("read -t 0.5 x", "read -rt .1 x")),
    Rule("\\u (4.2)", r"\$'[^']*\\[uU][0-9a-fA-F]", ("echo $'\\u00e9'",)),
    Rule("source of a substitution (4.0)", r"(\bsource|(^|\s)\.)\s+<\(", ("source <(cat x)", ". <(cat x)")),
    Rule("${ …; } (5.3)", r"\$\{[\s|]", ("x=${ echo a; }", "x=${| echo a; }")),
    Rule(
        "patterns like @(a|b) in [[ ]] (4.1)", r"\[\[.*[!=]=?\s.*[@+?!*]\(", ("[[ $x == @(a|b) ]]", "[[ $x != *(a) ]]")
    ),
    Rule(
        "a here-document in a substitution, whose quotes its parser counts",
        r"\$\([^()]*(?<!<)<<(?!<)",
        ("x=$(cat <<END",),
    ),
    Rule(
        "case in a substitution, which its parser ends too early",
        r"\$\([^()]*\bcase\b",
        ("x=$(case a in a) echo;; esac)",),
    ),
)

# What GNU's tools know and BSD's do not, or do otherwise.
TOOLS = (
    Rule(
        "sed: a } that follows no semicolon",
        r"\bsed\b.*[a-zA-Z=/]\}(?![\w/])",
        ("sed -n '/a/{p}' x", "sed '/a/{s/b//p}' x"),
    ),
    Rule("sed -i, -r, -s, -z", r"\bsed\b(\s+-[nEe])*\s+-[nE]*[irsz]", ("sed -i s/a/b/ x", "sed -nr s/a/b/p x")),
    Rule(
        "sed: 0,/x/ and flags", r"\bsed\b.*([\"'\s]0,/|/[gp\d]*[IMe][gp]*['\"])", ("sed '0,/a/d' x", "sed 's/a/b/I' x")
    ),
    Rule(
        "sed, grep: \\+ \\? \\| \\n \\t \\s \\w \\b",
        r"\b(sed|grep)\b.*\\[+?|ntswWbB<>]",
        ("sed 's/a\\+//' x", "grep 'a\\|b' x", "sed 's/a/\\n/' x", "grep '\\bx' y"),
    ),
    Rule("grep -P, -z", r"\bgrep(\s+-\w+)*\s+-\w*[PzZ]", ("grep -P a x", "grep -q -oP a x")),
    Rule("xargs -r, -d, -a", r"\bxargs(\s+-\w+)*\s+-\w*[rda]\b", ("xargs -r rm", "xargs -0r rm", "xargs -d x rm")),
    Rule("date -d, -I, %N", r"\bdate\b.*(\s-\w*[dI]|%N)", ("date -d @1", "date -u -Is", "date +%s%N")),
    Rule("mktemp -p, -t", r"\bmktemp\b.*\s-\w*[pt]", ("mktemp -d -p x", "mktemp -t x.XXX")),
    Rule("stat -c, -f", r"\bstat\s+-[cfL]", ("stat -c %s x",)),
    Rule("base64 -w", r"\bbase64\b.*-\w*w", ("base64 -w0 x",)),
    Rule("head with all but the last", r"\bhead\b.*-[nc]\s*-\d", ("head -n -1 x", "head -c-1 x")),
    Rule("find -printf, -regextype, -quit", r"\bfind\b.*\s-(printf|regextype)\b", ("find . -printf %p",)),
    Rule(
        "cp, mv, ln, install of GNU",
        r"\b(cp|mv|install)\s.*-\w*[tD]\b|\bln\s+-\w*r",
        ("cp -t x y", "install -D a b", "ln -sr a b"),
    ),
    Rule(
        "long options",
        r"\b(sed|grep|sort|wc|head|tail|cut|uniq|cat|mktemp|date|cp|mv|rm|ln|mkdir|basename|dirname|xargs|tr|ls|du|stat)(\s+-\w+)*\s+--[a-z]",
        ("sort --unique", "grep -q --max-count=1 a", "mktemp --directory", "rm --force x"),
    ),
    Rule(
        "programs that only GNU has",
        r"(?:^|[\s(|;])(sha\d+sum|md5sum|readlink\s+-\w*[fem]|realpath|nproc|timeout|tac|shuf|numfmt|flock|setsid|stdbuf|truncate|getopt)(\s|$|\))",
        ("sha256sum x", "readlink -f x", "x=$(nproc)", "ls | tac", "timeout 5 x", "x=$(realpath y)"),
    ),
    Rule(
        "a count with the blanks of BSD's wc",
        r"(?<!\(\()\$\([^()]*\bwc\b",
        ('echo "$(wc -l <x) lines"', "n=$(ls | wc -l)"),
    ),
)


def _code(text: str) -> list[str]:
    """The lines that are no comment; those that go on are one."""
    lines = text.replace("\\\n", "  ").splitlines()
    return [line for line in lines if not line.lstrip().startswith("#")]


def refused(text: str) -> list[str]:
    """What is wrong with a script: each rule that refuses a line of it, with the line."""
    lines = _code(text)
    # Who looks whether a program is there has another where it is not.
    looked_for = set(re.findall(r"command -v (\w+)", text))
    found = []
    for line in lines:
        for rule in BASH + TOOLS:
            match = re.search(rule.pattern, line)
            if match and not looked_for.intersection(match.groups()):
                found.append(f"{rule.refuses}: {line.strip()}")
    return found + _unguarded(lines)


def _unguarded(lines: list[str]) -> list[str]:
    """Under ``set -u`` an empty array cannot be expanded before 4.4: ``${a[@]+"${a[@]}"}``, ``${a[*]-}``."""
    code = "\n".join(lines)
    names = set(re.findall(r"\b(\w+)=\(\)", code)) | set(re.findall(r"\bread\s+-\w*a\s+(\w+)", code))
    bare = re.compile(r"(?<!\+\")\$\{(\w+)\[[@*]\]\}")
    return [
        f"an array that may be empty: {line.strip()}" for line in lines for name in bare.findall(line) if name in names
    ]
