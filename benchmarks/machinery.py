"""Which faults in the machinery does `check` see? A line of JSON for each fault tried, resumable.

`uv run python benchmarks/machinery.py faults.jsonl` tries what the file lacks; `--shard 3/16` one in sixteen,
from the third on, for a file and a process of its own. Of several files at the end
`uv run python benchmarks/machinery.py --join *.jsonl` writes the table that the audit's page shows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sotcheck.run.progress import bar
from sotcheck.run.threads import single_threaded
from sotcheck.trial import machinery
from sotcheck.trial.fault_store import counted, record, stored, table


@single_threaded
def main() -> None:
    """Read the command line; try faults, or write the record of what was tried."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--shard", default="0/1", help="number / of how many")
    parser.add_argument("--join", action="store_true", help="write the record of these files")
    options = parser.parse_args()
    if options.join:
        print(record(stored(options.files)))
        return
    first, step = map(int, options.shard.split("/"))
    found = machinery.tried(first, None, step, str(options.files[0]), bar)
    print("\n".join(table(counted(found))))


if __name__ == "__main__":
    main()
