"""The base that the check is held against: DuckDB reads every cell as text and counts them.

`python -m benchmarks.count FILE`
"""

import sys

import duckdb


def main(path: str) -> None:
    """Count the values of each column; two threads, as the check has."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            "SELECT count(COLUMNS(*)) FROM read_csv(?, all_varchar = true, header = true)", [path]
        ).fetchall()


if __name__ == "__main__":
    main(sys.argv[1])
