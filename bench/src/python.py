"""How many questions a second of CPU time Python gets answered: CONTENDER MEMBERS STRANGERS PROBES FILTER.

Prints JSON. Each contender runs in a process of its own; texts are asked one by one, in a loop, and then
all of them at once.
"""

import json
import sys
import time


def leaksieve(members, filter):
    from leaksieve import Array, Filter

    opened = Filter.open(filter)

    def many(texts):
        array = Array(texts)
        return lambda: opened.check_many(array, "phone"), lambda said: said.to_pylist().count("exposed")

    return lambda text: opened.check(text, "phone").is_exposed, many


def bits(bloom, members):
    """Of a filter that answers one text at a time."""
    bloom.update(members)

    def many(texts):
        return lambda: [text in bloom for text in texts], sum

    return bloom.__contains__, many


def rbloom(members, filter):
    from rbloom import Bloom

    return bits(Bloom(len(members), 0.001), members)


def pybloomfilter(members, filter):
    from pybloomfilter import BloomFilter

    return bits(BloomFilter(len(members), 0.001), members)


CONTENDERS = {
    "leaksieve": leaksieve,
    "rbloom": rbloom,
    "pybloomfiltermmap3": pybloomfilter,
}


def main():
    name, members, strangers, probes, filter = sys.argv[1:]
    with open(members) as file:
        members = file.read().split()
    with open(strangers) as file:
        strangers = file.read().split()
    one, many = CONTENDERS[name](members, filter)
    probes = int(probes)
    result = {}
    # Each is asked once before, so that what is read from disk is warm.
    for what, texts in [("hits", members), ("misses", strangers)]:
        ask, count = many(texts)
        ask()
        start, cpu = time.perf_counter(), time.process_time()
        said = ask()
        result["many_" + what + "_per_s"] = len(texts) / (time.process_time() - cpu)
        result["many_" + what + "_per_s_of_all_cores"] = len(texts) / (time.perf_counter() - start)
        num_found = count(said)
        result["num_lost" if what == "hits" else "num_false_positives"] = (
            len(texts) - num_found if what == "hits" else num_found
        )
        del ask, said
        # Members are spread over all of the list.
        texts = texts[:: max(1, len(texts) // probes)][:probes]
        found = [one(text) for text in texts]
        start = time.process_time()
        for text in texts:
            one(text)
        result["one_" + what + "_per_s"] = len(texts) / (time.process_time() - start)
        if what == "hits":
            result["num_lost"] += found.count(False)
    result["num_strangers"] = len(strangers)
    print(json.dumps(result))


main()
