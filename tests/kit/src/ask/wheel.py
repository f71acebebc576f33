"""Opens the files and answers the questions of standard input; see wheel.rs."""

import itertools
import json
import sys

from leaksieve import Filter, FilterError


def opened(path, way, keys, min_epoch, allow_expired):
    terms = {"key": keys or None, "min_epoch": min_epoch, "allow_expired": allow_expired}
    if way == "Path":
        return Filter.open(path, **terms)
    file = open(path, "rb")
    if way == "Object":
        return Filter.open(file, **terms)
    with file:
        return Filter.open(file.read(), **terms)


def refused(error):
    return {"outcome": "error", "reason": str(error)}


def one(filter, kind, text):
    try:
        verdict = filter.check(text, kind)
        try:
            assert filter.check(text.decode(), kind) == verdict
        except UnicodeDecodeError:
            pass
    except (FilterError, OSError) as error:
        return refused(error)
    begins = {"exposed": "EXPOSED ", "not_exposed": "not exposed: "}
    assert str(verdict) == begins.get(verdict.outcome, "cannot say: ") + verdict.reason
    assert verdict.is_exposed == (verdict.outcome == "exposed")
    assert verdict.is_not_exposed == (verdict.outcome == "not_exposed")
    return {
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "leaks": [[leak.name, leak.date, leak.false_alarm_one_in, leak.found] for leak in verdict.leaks],
        "caveats": [[it.name, it.date, it.num_rejected, it.min_count] for it in verdict.caveats],
    }


def many(filter, questions):
    """Each alone; and all of a kind as a column, which must say the same."""
    answers = [one(filter, kind, text) for kind, text in questions]
    rest = iter(answers)
    for kind, group in itertools.groupby(questions, lambda question: question[0]):
        texts = [text for _, text in group]
        expected = list(itertools.islice(rest, len(texts)))
        batch = filter.check_many(texts, kind, reason=True)
        for name in ("outcome", "reason"):
            column = batch.column(name.replace("outcome", "verdict")).to_pylist()
            assert column == [answer[name] for answer in expected], (kind, name)
        outcomes = filter.check_many(texts, kind).to_pylist()
        assert outcomes == [answer["outcome"] for answer in expected], kind
    return answers


filter = None
for line in sys.stdin:
    question = json.loads(line)
    if "open" in question:
        filter = None
        try:
            filter = opened(question.pop("open"), **question)
            said = {"info": filter.info}
        except (FilterError, OSError) as error:
            said = refused(error)
    else:
        said = many(filter, [(kind, bytes.fromhex(text)) for kind, text in question["ask"]])
    print(json.dumps(said), flush=True)
