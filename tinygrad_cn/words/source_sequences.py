"""Words of NumPy programs in functions: what those of recurrent cells, attention and whole nets say they do."""

SOURCE_SEQUENCES: dict[str, dict[str, str]] = {
    # nets whose layers do not just follow one another
    "net": {
        "zh": "各层：函数、取用的量、算出的量、选项",
        "en": "the layers: function, what it takes, what it computes, options",
    },
    "cost_of_step": {"zh": "一个时间步的代价。", "en": "The cost of one time step."},
    "slope_of_step": {"zh": "一个时间步的 dAL。", "en": "dAL of one time step."},
    "added": {
        "zh": "各时间步用的是同一组参数：梯度逐步相加。",
        "en": "All time steps use the same parameters, so their gradients add up.",
    },
    "sigmoid": {"zh": "σ(Z)。", "en": "σ(Z)."},
    # recurrent cells
    "rnn_cell_forward": {
        "zh": "一个时间步：a⟨t⟩ = g(Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba)，以及反向要用的缓存。",
        "en": "One time step: a⟨t⟩ = g(Waa a⟨t−1⟩ + Wax x⟨t⟩ + ba), and the cache that backward needs.",
    },
    "rnn_cell_backward": {
        "zh": "由 da_next 求 dxt、da_prev，以及这一步的 dWaa、dWax、dba。",
        "en": "From da_next to dxt, da_prev, and what this step adds to dWaa, dWax, dba.",
    },
    "loop_forward": {
        "zh": "各时间步：x (n_x, m, T) 到 a (n_a, m, T)。",
        "en": "All time steps: from x (n_x, m, T) to a (n_a, m, T).",
    },
    "loop_backward": {
        "zh": "随时间反向：每一步的 da 要加上后一步传回的 da_prevt。",
        "en": "Back through time: to da of each step add the da_prevt that comes back from the next.",
    },
    "gru_cell_forward": {
        "zh": "一个时间步：Γu、Γr、c̃⟨t⟩，a⟨t⟩ = Γu ⊙ c̃⟨t⟩ + (1 − Γu) ⊙ a⟨t−1⟩。",
        "en": "One time step: Γu, Γr, c̃⟨t⟩, a⟨t⟩ = Γu ⊙ c̃⟨t⟩ + (1 − Γu) ⊙ a⟨t−1⟩.",
    },
    "gru_cell_backward": {
        "zh": "由 da_next 求 dxt、da_prev，以及这一步的 dWu、dbu、dWr、dbr、dWc、dbc。",
        "en": "From da_next to dxt, da_prev, and what this step adds to dWu, dbu, dWr, dbr, dWc, dbc.",
    },
    "gru_after_cell_forward": {
        "zh": "一个时间步；Γr 乘在 Wcc a⟨t−1⟩ + bcc 上。",
        "en": "One time step, with Γr after the product: Γr ⊙ (Wcc a⟨t−1⟩ + bcc).",
    },
    "gru_after_cell_backward": {
        "zh": "由 da_next 求 dxt、da_prev，以及这一步贡献的参数梯度。",
        "en": "From da_next to dxt, da_prev, and what this step adds to the parameters' gradients.",
    },
    "lstm_cell_forward": {
        "zh": "一个时间步：c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩，a⟨t⟩ = Γo ⊙ tanh(c⟨t⟩)。",
        "en": "One time step: c⟨t⟩ = Γf ⊙ c⟨t−1⟩ + Γi ⊙ c̃⟨t⟩ and a⟨t⟩ = Γo ⊙ tanh(c⟨t⟩).",
    },
    "lstm_cell_backward": {
        "zh": "由 da_next、dc_next 求 dxt、da_prev、dc_prev，以及这一步贡献的参数梯度。",
        "en": "From da_next, dc_next to dxt, da_prev, dc_prev, and what this step adds.",
    },
    "turned_forward": {
        "zh": "把时间倒过来：从最后一步到第一步。",
        "en": "Time turned around: from the last step to the first.",
    },
    "turned_backward": {"zh": "再倒回来。", "en": "And turned back."},
    "step_forward": {"zh": "只取第 t 个时间步。", "en": "Time step t alone."},
    "step_backward": {"zh": "其余各步的梯度为 0。", "en": "The gradient of all other steps is 0."},
    "both_forward": {"zh": "两个方向的状态上下叠放。", "en": "The states of both directions, one on top of the other."},
    "both_backward": {"zh": "再拆开。", "en": "Taken apart again."},
    # layers at every step, attention, sums
    "embedding_forward": {"zh": "每个编号在 E 里对应的列。", "en": "The column of E for each id."},
    "embedding_backward": {
        "zh": "dE：用到某列的各处，梯度相加。",
        "en": "dE: the gradients of all places that use a column add up.",
    },
    "dense_in_time_forward": {
        "zh": "每个时间步的 Z⟨t⟩ = W A_prev⟨t⟩ + b。",
        "en": "Z⟨t⟩ = W A_prev⟨t⟩ + b at every time step.",
    },
    "dense_in_time_backward": {
        "zh": "dA_prev，以及对样本和时间步求和的 dW、db。",
        "en": "dA_prev, and dW and db summed over samples and time steps.",
    },
    "norm_in_time_forward": {
        "zh": "N⟨t⟩ = γ n⟨t⟩ + β，其中 n 是沿 axis 减均值、除标准差的 Z。",
        "en": "N⟨t⟩ = γ n⟨t⟩ + β, where n is Z less its mean along axis, over its deviation.",
    },
    "norm_in_time_backward": {
        "zh": "dZ（μ 和 σ 也依赖 Z），以及对样本和时间步求和的 dγ、dβ。",
        "en": "dZ, through μ and σ too, and dγ and dβ summed over samples and time steps.",
    },
    "attention_forward": {
        "zh": "对每个样本 m、每个头 h：α = softmax(Qᵀ K / √d)，C = V αᵀ。",
        "en": "For each sample m and head h, α = softmax(Qᵀ K / √d) and C = V αᵀ.",
    },
    "attention_backward": {
        "zh": "由 dC 求 dα、dS，再到 dQ、dK、dV。",
        "en": "From dC to dα and dS, then to dQ, dK, dV.",
    },
    "residual_forward": {"zh": "残差：两路相加。", "en": "A residual sum of two ways."},
    "residual_backward": {"zh": "dH 原样传给两路。", "en": "dH goes both ways as it is."},
}
