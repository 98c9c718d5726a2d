"""Words of the benchmarks."""

BENCH: dict[str, dict[str, str]] = {
    # who takes part
    "bench.hand": {"zh": "手写 NumPy", "en": "NumPy by hand"},
    "bench.eager": {"zh": "tinygrad_cn 逐步", "en": "tinygrad_cn, eager"},
    "bench.compiled": {"zh": "tinygrad_cn 编译", "en": "tinygrad_cn, compiled"},
    "bench.fast": {"zh": "tinygrad_cn 编译 + Numba", "en": "tinygrad_cn, compiled + Numba"},
    "bench.mkl": {"zh": "tinygrad_cn 编译 + Numba + MKL", "en": "tinygrad_cn, compiled + Numba + MKL"},
    "bench.torch": {"zh": "PyTorch", "en": "PyTorch"},
    "bench.torch.compile": {"zh": "torch.compile", "en": "torch.compile"},
    "bench.jax.jit": {"zh": "jax.jit", "en": "jax.jit"},
    "bench.autograd": {"zh": "autograd", "en": "autograd"},
    "bench.mygrad": {"zh": "MyGrad", "en": "MyGrad"},
    "bench.tinygrad": {"zh": "tinygrad", "en": "tinygrad"},
    "bench.scikit-learn": {"zh": "scikit-learn", "en": "scikit-learn"},
    "bench.gemm": {"zh": "只算矩阵乘法（用时下限）", "en": "the matrix products alone (bound)"},
    # the table of a workload
    "bench.chain": {
        "zh": "对 {n} 个数做 {ops} 次 · c、+ d，再反向，{dtype}",
        "en": "{ops} ops (· c, + d) on {n} numbers, then backward, {dtype}",
    },
    "bench.who": {"zh": "实现", "en": "who"},
    "bench.step": {"zh": "每步用时", "en": "a step"},
    "bench.quartiles": {"zh": "四分位", "en": "quartiles"},
    "bench.cpu": {"zh": "CPU 时间", "en": "CPU time"},
    "bench.speed": {"zh": "速度（手写 = 1）", "en": "speed (by hand = 1)"},
    "bench.start": {"zh": "启动", "en": "start"},
    "bench.memory": {"zh": "内存峰值", "en": "peak memory"},
    "bench.reason": {"zh": "{who}：{why}", "en": "{who}: {why}"},
    "bench.missing": {"zh": "没有安装", "en": "not installed"},
    "bench.unfit": {"zh": "做不了这个任务", "en": "cannot do this workload"},
    "bench.failed": {"zh": "失败：{message}", "en": "failed: {message}"},
    "bench.late": {"zh": "太慢：{message}", "en": "too slow: {message}"},
    "bench.differs": {
        "zh": "没有计时，因为损失不同：{message}",
        "en": "not timed, as it computes something else: {message}",
    },
    "bench.overview": {"zh": "总览：速度（手写 = 1）", "en": "Overview: speed (by hand = 1)"},
    # the goals
    "bench.goals": {"zh": "目标", "en": "Goals"},
    "bench.workload": {"zh": "任务", "en": "workload"},
    "bench.against": {"zh": "对比", "en": "against"},
    "bench.goal": {"zh": "目标", "en": "goal"},
    "bench.measured": {"zh": "实测", "en": "measured"},
    "bench.verdict": {"zh": "结果", "en": "verdict"},
    "bench.reached": {"zh": "✓", "en": "✓"},
    "bench.short": {"zh": "✗ 差 {short}", "en": "✗ {short} short"},
    "bench.open": {"zh": "没有测到", "en": "not measured"},
    # below the tables
    "bench.conditions": {
        "zh": "线程数 {threads}，轮流计时 {rounds} 轮，取中位数；速度按{clock}逐轮相比。"
        "启动：建立网络、录制或编译，到做完五步为止，不含导入。",
        "en": "Threads: {threads}; {rounds} rounds in turns; medians. Speeds are ratios of {clock}, round by round. "
        "Start: until five steps are done, so building, recording and compiling are in it, imports are not.",
    },
    "bench.clock.cpu": {"zh": " CPU 时间", "en": "CPU time"},
    "bench.clock.wall": {"zh": "墙钟时间", "en": "wall time"},
    "bench.machine": {
        "zh": "{cpu}，{cores} 核，{system}，负载 {load}（结束时 {after}），"
        "Python {python}，NumPy {numpy}（{blas}）{others}",
        "en": "{cpu}, {cores} cores, {system}, load {load} ({after} at the end), "
        "Python {python}, NumPy {numpy} ({blas}){others}",
    },
}
