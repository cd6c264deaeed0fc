"""Explains in plain words what PyYAML could not parse, and where the mistake probably is."""

import re

import yaml

_SYNTAX = yaml.scanner.ScannerError | yaml.parser.ParserError
_NO_KEY = "mapping values are not allowed here"

# PyYAML's context and problem, and the explanation at the mark of the problem.
_AT_PROBLEM = {
    r".*found character '\\t' .*": "there is a tab here: write spaces",
    r".*found character (.+) that cannot start any token": r"a value cannot begin with \1: put it in quotes",
    r".*'<stream end>'": "the file ends before a { or [ is closed",
    r".* but found '<block (mapping|sequence) start>'": "the indentation matches no line above",
    r".*expected <block end>, but found '-'": "an item of a list is among keys: is the indentation right?",
    r".*expected <block end>, but found '<scalar>'": "there is text after the end of a value: put all of it in quotes",
    _NO_KEY: "no key can be here: is the indentation right, and has the line above a colon and a space?",
    r"expected a single document.*": "a second document begins here (---): a file has one",
}
# The same at the mark of the context, where something was opened.
_AT_CONTEXT = {
    r".*quoted scalar found unexpected (document separator|end of stream)": "this quote is never closed",
    r".*expected ',' or '\]'.*": "this [ is not closed, or a comma is missing after it",
    r".*expected ',' or '}'.*": "this { is not closed, or a comma is missing after it",
    r".*could not find expected ':'": "this line has no colon and space after its key",
}


def explain_yaml_error(error: yaml.MarkedYAMLError) -> tuple[yaml.Mark | None, str]:
    """Where to look, and what is wrong there."""
    words = " ".join(filter(None, (error.context, error.problem)))
    mark = error.problem_mark
    if mark is None or not isinstance(error, _SYNTAX | yaml.composer.ComposerError):
        return mark, words
    if quote := _find_unclosed_quote(mark):
        return quote, "this quote is not closed in its line"
    if words == _NO_KEY and ": " in _get_line_before(mark):
        return mark, "there is a second colon in this line: put the value in quotes"
    for explanations, place in ((_AT_PROBLEM, mark), (_AT_CONTEXT, error.context_mark)):
        for pattern, explanation in explanations.items():
            if match := re.fullmatch(pattern, words):
                return place, match.expand(explanation)
    return mark, words


def _find_unclosed_quote(mark: yaml.Mark) -> yaml.Mark | None:
    """The mark of a quote of an earlier line that the line of the mark closes by mistake, with a quote of its own."""
    try:
        for token in yaml.scan((mark.buffer or "").rstrip("\0"), Loader=yaml.SafeLoader):
            begin: yaml.Mark = token.start_mark
            is_quoted = isinstance(token, yaml.ScalarToken) and token.style in {"'", '"'}
            if is_quoted and begin.line < token.end_mark.line == mark.line:
                begin.name = mark.name
                return begin
    except yaml.YAMLError:
        pass
    return None


def _get_line_before(mark: yaml.Mark) -> str:
    return (mark.buffer or "")[: mark.pointer].rpartition("\n")[2]
