"""What `import tinygrad_cn` loads, and what it leaves for first use."""

import subprocess
import sys

import tinygrad_cn as tg


def test_the_floors_above_training_are_loaded_on_first_use() -> None:
    code = """if True:
        import sys
        import tinygrad_cn as tg
        floors = lambda: sorted({n.split(".")[1] for n in sys.modules if n.startswith("tinygrad_cn.")} & set(tg.FLOORS))
        print(floors())
        tg.gradcheck, tg.compile
        print(floors())
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["[]", "['chain', 'check', 'compiler']"]


def test_every_public_name_is_there_and_listed() -> None:
    assert all(getattr(tg, name) is not None for name in tg.__all__)
    assert set(tg.__all__) <= set(dir(tg))
