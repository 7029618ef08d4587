"""`python -m benchmarks NAME [--quick] [--json]`: one script per question, from a checkout."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys

import benchmarks
from benchmarks.machine import describe


def main() -> int:
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name not in TOOLS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("name", choices=names)
    parser.add_argument("--quick", action="store_true", help="fewer repeats: a look, not a claim")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--seed", type=int, default=0)
    options, rest = parser.parse_known_args()
    module = importlib.import_module(f"benchmarks.{options.name}")
    report = module.run(options, rest)
    if options.json:
        print(json.dumps({**report.values, "machine": describe()}, ensure_ascii=False, indent=2))
    else:
        print(report.table)
        print(f"\n{describe()}")
    for miss in report.misses:
        print(f"missed: {miss}", file=sys.stderr)
    return 1 if report.misses else 0


TOOLS = ("__main__", "machine", "http_client", "accuracy_pairs", "accuracy_peers")

if __name__ == "__main__":
    sys.exit(main())
