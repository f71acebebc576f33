"""What builds on Spark cost: ITEMS ENCODING SEGMENTS [MASTER]. Beside them the build of one machine, whose bytes they
must have. Where leaksieve is not installed, PYTHONPATH names a folder with the unpacked wheel; PYSPARK_PYTHON names
this Python."""

import json
import os
import pathlib
import sys
import tempfile
import threading
import time

from pyspark.sql import SparkSession, functions

import leaksieve
import leaksieve.spark

ITEMS, ENCODING, SEGMENTS = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
MASTER = sys.argv[4] if len(sys.argv) > 4 else "local[2]"
OPTIONS = {"kind": "phone", "region": "CN", "name": "Cost", "encoding": ENCODING, "seed": 1, "created": 0}
MIB = 1 << 20


def processes():
    """This process and all that it started, each with its command, CPU seconds of it and its dead, and peak memory."""
    tick, found, parents = os.sysconf("SC_CLK_TCK"), {}, {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            peak = [line for line in (folder / "status").read_text().splitlines() if line.startswith("VmHWM")]
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        cpu = sum(map(int, fields[11:15])) / tick
        found[pid] = (command, cpu, int(peak[0].split()[1]) << 10 if peak else 0)
    mine = {os.getpid()}
    if MASTER.startswith("spark:"):
        # Of a cluster of this machine, too.
        mine |= {pid for pid, (command, *_) in found.items() if "org.apache.spark.deploy" in command}
    for _ in range(20):
        mine |= {pid for pid, parent in parents.items() if parent in mine}
    return {pid: found[pid] for pid in mine if pid in found}


def heap(session):
    """Bytes that the driver's Java holds when its garbage is collected; with local[n], those of tasks, too."""
    runtime = session.sparkContext._jvm.java.lang.Runtime.getRuntime()
    for _ in range(3):
        runtime.gc()
        time.sleep(0.5)
    return runtime.totalMemory() - runtime.freeMemory()


class Peaks(threading.Thread):
    """The most memory that a Python worker took."""

    worker, is_over = 0, False

    def run(self):
        while not self.is_over:
            workers = [peak for command, _, peak in processes().values() if "pyspark.daemon" in command]
            self.worker = max([self.worker, *workers])
            time.sleep(0.2)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "events").mkdir()
        session = (
            SparkSession.builder.master(MASTER)
            .config("spark.eventLog.enabled", "true")
            .config("spark.eventLog.dir", f"file://{folder}/events")
            .config("spark.eventLog.compress", "false")
            .config("spark.eventLog.rolling.enabled", "false")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        # Each number once, in no order.
        numbers = session.range(0, ITEMS, 1, 8).selectExpr(
            "cast(13000000000 + (id * 48271003) % 1000000000 as string) as phone"
        )
        numbers.write.parquet(f"{folder}/list")
        frame = session.read.parquet(f"{folder}/list")
        frame.count()

        heap_before = heap(session)
        before, peaks, began = processes(), Peaks(), time.monotonic()
        peaks.start()
        summary = leaksieve.spark.build(frame, "phone", folder / "spark.lsv", segments=SEGMENTS, max_rejected=1, **OPTIONS)
        seconds = time.monotonic() - began
        peaks.is_over = True
        peaks.join()
        after = processes()
        cpu = sum(used for _, used, _ in after.values()) - sum(used for _, used, _ in before.values())
        this, heap_grew = os.getpid(), heap(session) - heap_before

        session.stop()
        written = 0
        for file in (folder / "events").iterdir():
            for line in file.read_text().splitlines():
                event = json.loads(line)
                if event["Event"] == "SparkListenerTaskEnd":
                    written += event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
        began, usage = time.monotonic(), os.times()
        one = leaksieve.build(folder / "list", folder / "one.lsv", column="phone", max_rejected=1, **OPTIONS)
        used = os.times()
        assert (folder / "spark.lsv").read_bytes() == (folder / "one.lsv").read_bytes()
        assert summary["num_items"] == one["num_items"]
        items = summary["num_items"]
        print(f"{items:,} items, {ENCODING}, {SEGMENTS} segments, {MASTER}: {seconds:.1f} s, {cpu / items * 1e6:.2f} us of CPU an item")
        print(f"  shuffled {written / items:.2f} bytes an item; a worker {peaks.worker / MIB:.0f} MiB at most; "
              f"the driver's Python {(after[this][2] - before[this][2]) / MIB:.0f} MiB more than before, its Java {heap_grew / MIB:.0f} MiB more")
        print("  " + ", ".join(f"{stage['name']} {stage['seconds']:.1f} s" for stage in summary["stages"]))
        print(f"  one machine: {time.monotonic() - began:.1f} s, "
              f"{(used.user + used.system - usage.user - usage.system) / items * 1e6:.2f} us of CPU an item; the same bytes")


if __name__ == "__main__":
    main()
