"""What `spark.rs` wants to be done on Spark: WORK ANSWERS, files with a line of JSON for each."""

import functools
import json
import os
import pathlib
import signal
import sys
import threading
import time
import traceback

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql.functions import lit, monotonically_increasing_id

import leaksieve
import leaksieve.spark


class Fault(threading.Thread):
    """Does something to a build when its Nth stage of Spark, from the time on that it tells of
    its own stage of this name, has done a task; short ones, when a task has begun."""

    def __init__(self, session, what, stage, nth):
        super().__init__(daemon=True)
        self.context = session.sparkContext
        self.what, self.stage, self.nth = what, stage, nth
        self.told, self.is_over, self.done, self.last = None, False, None, -1

    def tell(self, stage):
        # Spark may still call a stage active that has ended.
        self.last = max([self.last, *self.context.statusTracker().getActiveStageIds()])
        self.told = stage

    def run(self):
        seen = []
        while not self.is_over:
            time.sleep(0.01)
            if self.told != self.stage:
                continue
            tracker = self.context.statusTracker()
            for stage in sorted(tracker.getActiveStageIds()):
                if stage <= self.last:
                    continue
                if stage not in seen:
                    seen.append(stage)
                info = tracker.getStageInfo(stage)
                if seen.index(stage) != self.nth or not info:
                    continue
                is_short = self.stage in ["building", "checking"]
                if info.numCompletedTasks > 0 or is_short and info.numActiveTasks > 0:
                    self.do()
                    self.done = [info.numCompletedTasks, info.numTasks]
                    return

    def do(self):
        if self.what == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)
        elif self.what == "kill executor":
            words = ["CoarseGrainedExecutorBackend", self.context.applicationId]
            os.kill(processes(words)[0], signal.SIGKILL)
        elif self.what == "kill python":
            mine = family(os.getpid())
            workers = [pid for pid in processes(["pyspark.daemon"]) if pid in mine]
            # The first started the others; one that works is wanted.
            busy = [pid for pid in workers[1:] if state(pid) == "R"]
            os.kill((busy or workers)[-1], signal.SIGKILL)
        else:
            raise ValueError(self.what)


def processes(words):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(int(folder.name))
    return sorted(found)


def state(pid):
    """R: it is running."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def family(ancestor):
    """All processes that it started, and those that they did."""
    parents = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = {ancestor}
    for _ in range(10):
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found


def column(session, path, of_type):
    """Behind partitions without a row, and before some."""
    empty = session.range(0, 9, 1, 3).where("id < 0").selectExpr("string(id) as value")
    lines = empty.union(session.read.text(path)).union(empty)
    return lines.selectExpr(f"try_cast(value as {of_type}) as value", "1 as one")


def build(session, work):
    frame = column(session, work["list"], work.get("type", "string"))
    most = work.get("max_counted_records")
    # Not an option: one machine has no such a list in a test.
    driver = functools.partial(leaksieve._native.Driver, max_counted_records=most)
    leaksieve.spark.Driver = driver
    stages = []
    fault = Fault(session, *work["fault"]) if work.get("fault") else None

    def progress(stage):
        stages.append(stage)
        if fault:
            fault.tell(stage)

    if fault:
        fault.start()
    answer = {}
    try:
        answer["summary"] = leaksieve.spark.build(
            frame, "value", work["output"], staging=work.get("staging"), segments=work["segments"],
            progress=progress, **work["arguments"],
        )
    except (KeyboardInterrupt, leaksieve.BuildError, ValueError, Py4JError) as error:
        answer["error"] = f"{type(error).__name__}: {error}"
    if fault:
        fault.is_over = True
        fault.join()
        answer["fault"] = fault.done
    answer["stages"] = stages
    return answer


def check(session, work):
    for of_type in ["bigint", "string"]:
        frame = column(session, work["list"], of_type)
        # Names that the question might have.
        frame = frame.withColumn("row", monotonically_increasing_id()).withColumn("Question", lit(2))
        asked = leaksieve.spark.check(frame, "value", work["file"], kind="phone", reason="why")
        fault = Fault(session, work["fault"], "asking", 0)
        fault.tell("asking")
        fault.start()
        rows = sorted(asked.collect(), key=lambda row: row.row)
        fault.is_over = True
        fault.join()
        assert fault.done and fault.done[0] < fault.done[1], fault.done
        assert asked.columns == [*frame.columns, "verdict", "why"]
        texts = [row.value for row in rows]
        answers = pa.record_batch(
            leaksieve.Filter.open(work["file"]).check_many(pa.array(texts), "phone", reason=True)
        )
        expected = list(zip(answers["verdict"].to_pylist(), answers["reason"].to_pylist(), strict=True))
        assert [(row.verdict, row.why) for row in rows] == expected
        assert texts == [row.value for row in frame.orderBy("row").collect()]
    # Names with a dot, and names that are there twice.
    odd = frame.selectExpr("value as `a.b`", "one as `x.y`", "row as `x.y`", "one as c0")
    asked = leaksieve.spark.check(odd, "`a.b`", work["file"], kind="phone", verdict="v.w")
    assert asked.columns == [*odd.columns, "v.w"] and [*asked.schema][:-1] == [*odd.schema]
    found = sorted((row[2], *row) for row in asked.collect())
    assert [row[-1] for row in found] == [row.verdict for row in rows]
    for name in ["value", "VALUE", "Row"]:
        raises(ValueError, lambda: leaksieve.spark.check(frame, "value", work["file"], verdict=name), name)
    raises(ValueError, lambda: leaksieve.spark.check(frame, "value", work["file"], verdict="x", reason="X"), "'x'")
    raises(OSError, lambda: leaksieve.spark.check(frame, "value", work["file"] + ".none"), "none")
    raises(TypeError, lambda: leaksieve.spark.check(frame, frame["one"] * 1.5, work["file"]), "lost digits")
    for kind in ["password", "id"]:
        raises(TypeError, lambda: leaksieve.spark.check(frame, "row", work["file"], kind=kind), "zeros in front")
    # Of tasks that find another file there.
    copy = pathlib.Path(work["file"] + ".copy")
    copy.write_bytes(pathlib.Path(work["file"]).read_bytes())
    late = leaksieve.spark.check(frame, "value", copy)
    copy.write_bytes(pathlib.Path(work["other"]).read_bytes())
    raises(Exception, late.collect, "is not the file of the driver")
    copy.unlink()
    said = [row.verdict for row in rows]
    assert len(said) == sum(1 for _ in open(work["list"]))
    return {verdict: said.count(verdict) for verdict in set(said)}


def raises(kind, work, word):
    try:
        work()
    except kind as error:
        assert word in str(error), error
    else:
        raise AssertionError(f"{word}: it is not raised")


def refuse(session, work):
    """What is refused before tasks read the column, and by them."""
    frame = column(session, work["list"], "string")

    def build(values, **arguments):
        said = dict(kind="phone", region="CN", staging=work["staging"], segments=64) | arguments
        return lambda: leaksieve.spark.build(frame.selectExpr(f"{values} as x"), "x", work["output"], **said)

    for values, word in [
        ("double(value)", "lost digits"), ("double(null)", "lost digits"), ("cast(13.5 as decimal(5, 1))", "lost digits"),
        ("array(value)", "wanted"), ("struct(value)", "one of its columns"), ("value = '1'", "wanted"),
    ]:
        raises(TypeError, build(values), word)
    for kind in ["password", "id"]:
        raises(TypeError, build("bigint(value)", kind=kind, region=None), "zeros in front")
    for name in ["spark.sql.files.ignoreCorruptFiles", "spark.sql.files.ignoreMissingFiles"]:
        session.conf.set(name, "true")
        raises(leaksieve.BuildError, build("value"), name)
        session.conf.unset(name)
    named = frame.withColumnRenamed("value", "13800138000")
    raises(
        leaksieve.BuildError,
        lambda: leaksieve.spark.build(named, "13800138000", work["output"], kind="phone", region="CN"), "row of names",
    )
    raises(ValueError, build("value", segments=65), "65 segments")
    raises(TypeError, build("value", as_lines="x"), "as_lines= is True or False")
    raises(ValueError, build("value", segments=-1), "segments= is a power of two")
    raises(ValueError, build("value", seed=-1), "seed= is ")
    raises(ValueError, build("value", staging="s3://x/y"), "no path of the file system")
    raises(leaksieve.BuildError, build("value", staging=work["staging"] + "/none"), "all machines need to reach")
    leaksieve.spark.__version__ = "0.0.9"
    try:
        raises(leaksieve.BuildError, build("value"), "and 0.0.9 on the driver")
    finally:
        leaksieve.spark.__version__ = leaksieve.__version__
    return {}


def main():
    session = SparkSession.builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    with open(sys.argv[1]) as works, open(sys.argv[2], "w") as answers:
        for line in works:
            work = json.loads(line)
            began = time.monotonic()
            try:
                answer = {"build": build, "check": check, "refuse": refuse}[work["do"]](session, work)
            except Exception:
                answer = {"error": traceback.format_exc()}
            print(json.dumps(answer), file=answers, flush=True)
            print(f"{work['do']}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    session.stop()


if __name__ == "__main__":
    main()
