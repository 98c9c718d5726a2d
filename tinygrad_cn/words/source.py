"""Words of the NumPy program of a chain: its comments, and what the functions in it say they do."""

SOURCE: dict[str, dict[str, str]] = {
    "title": {"zh": "前向与反向传播 · 层数 {layers}", "en": "Forward and backward pass · layers: {layers}"},
    "needs": {"zh": "运行前需要：", "en": "Needs"},
    "m": {"zh": "样本数", "en": "number of samples"},
    "T": {"zh": "时间步数", "en": "number of time steps"},
    "time": {"zh": "逐个时间步", "en": "Step by step in time"},
    "time.back": {"zh": "随时间反向传播", "en": "Backward through time"},
    "ops": {"zh": "层以外的运算", "en": "Outside the layers"},
    "ops.back": {"zh": "层以外运算的反向", "en": "Outside the layers, backward"},
    "update": {"zh": "梯度下降一步", "en": "One step of gradient descent"},
    "layers": {"zh": "各层的激活函数", "en": "the activation of each layer"},
    "linear_forward": {
        "zh": "Z = W A + b：A (n[l-1], m)，W (n[l], n[l-1])，b (n[l], 1)，Z (n[l], m)。",
        "en": "Z = W A + b: A (n[l-1], m), W (n[l], n[l-1]), b (n[l], 1), Z (n[l], m).",
    },
    "linear_activation_forward": {
        "zh": "一层：A = g(Z)，以及反向要用的缓存。",
        "en": "One layer: A = g(Z), and the cache that backward needs.",
    },
    "L_model_forward": {
        "zh": "各层前向：X (n[0], m) 到 AL (n[L], m)。",
        "en": "All layers: from X (n[0], m) to AL (n[L], m).",
    },
    "compute_cost": {"zh": "代价 J，一个数。", "en": "The cost J, a number."},
    "linear_backward": {
        "zh": "由 dZ (n[l], m) 求 dA_prev (n[l-1], m)、dW (n[l], n[l-1])、db (n[l], 1)。",
        "en": "From dZ (n[l], m) to dA_prev (n[l-1], m), dW (n[l], n[l-1]), db (n[l], 1).",
    },
    "linear_activation_backward": {
        "zh": "一层的反向：dA、dZ，再到 dA_prev、dW、db。",
        "en": "One layer backward: dA, dZ, then dA_prev, dW, db.",
    },
    "L_model_backward": {
        "zh": "各层反向：grads 里是 dA0、dW1、db1、dA1、……",
        "en": "All layers backward: grads holds dA0, dW1, db1, dA1, ...",
    },
    "update_parameters": {
        "zh": "梯度下降一步，返回新的参数。",
        "en": "One step of gradient descent; returns new parameters.",
    },
    # a stack of layers of any kind
    "table": {
        "zh": "各层：函数、参数、选项",
        "en": "the layers: function, parameters, options",
    },
    "model_forward": {
        "zh": "各层前向，缓存反向要用的量。",
        "en": "All layers, and the caches that backward needs.",
    },
    "model_backward.autograd": {
        "zh": "各层反向：grads 里是每个参数的梯度。",
        "en": "All layers backward: grads holds the gradient of every parameter.",
    },
    "model_backward.course": {
        "zh": "各层反向：grads 里是每个参数的梯度，1/m 写在这里。",
        "en": "All layers backward: grads holds the gradient of every parameter, with the 1/m.",
    },
    "dense_forward": {"zh": "Z = W A_prev + b。", "en": "Z = W A_prev + b."},
    "dense_backward": {
        "zh": "dA_prev，以及对样本求和的 dW、db。",
        "en": "dA_prev, and dW and db summed over the samples.",
    },
    "conv_forward": {"zh": "Z = A_prev * W + b。", "en": "Z = A_prev * W + b."},
    "conv_backward": {
        "zh": "dA_prev，以及对样本和位置求和的 dW、db。",
        "en": "dA_prev, and dW and db summed over samples and places.",
    },
    "norm_forward": {
        "zh": "N = γ n + β，其中 n 是沿 axis 减均值、除标准差的 Z。",
        "en": "N = γ n + β, where n is Z less its mean along axis, over its deviation.",
    },
    "norm_backward": {
        "zh": "dZ（μ 和 σ 也依赖 Z），以及 dγ、dβ。",
        "en": "dZ, through μ and σ too, and dγ and dβ.",
    },
    "dropout_forward": {
        "zh": "掩码 D 为 0 的单元归零，其余除以 keep_prob。",
        "en": "Units where the mask D is 0 fall out, the others are divided by keep_prob.",
    },
    "dropout_backward": {"zh": "同一个掩码。", "en": "The same mask."},
    "flatten_forward": {
        "zh": "图像 (m, n_H, n_W, n_C) 展平成列 (n_H · n_W · n_C, m)。",
        "en": "Images (m, n_H, n_W, n_C) as columns (n_H · n_W · n_C, m).",
    },
    "flatten_backward": {"zh": "列还原成图像。", "en": "Columns back to images."},
    "max_pool_forward": {"zh": "每个窗口取最大值。", "en": "The largest entry of each window."},
    "max_pool_backward": {"zh": "dP 传给窗口里最大的元素。", "en": "dP goes to the largest entry of its window."},
    "avg_pool_forward": {"zh": "每个窗口取平均。", "en": "The mean of each window."},
    "avg_pool_backward": {"zh": "dP 在窗口里平分。", "en": "dP is shared out evenly over its window."},
    "global_max_pool_forward": {"zh": "每个通道取最大值。", "en": "The largest entry of each channel."},
    "global_max_pool_backward": {
        "zh": "dP 传给通道里最大的元素，并列时平分。",
        "en": "dP goes to the largest entry of its channel; entries that tie for it share it.",
    },
    "global_avg_pool_forward": {"zh": "每个通道取平均。", "en": "The mean of each channel."},
    "global_avg_pool_backward": {"zh": "dP 在通道里平分。", "en": "dP is shared out evenly over its channel."},
    "sum_like": {
        "zh": "沿 p 被广播的轴对 x 求和。",
        "en": "x summed over the axes along which p is broadcast.",
    },
    # what NumPy does not have
    "normal_cdf": {"zh": "标准正态分布函数。", "en": "The distribution function of the standard normal."},
    "scatter": {
        "zh": "全零数组，在 index 处加上 g：x[index] 的梯度。",
        "en": "Zeros with g added at index: the gradient of x[index].",
    },
    "put_diagonal": {
        "zh": "全零数组，对角线上放 x：np.diagonal 的梯度。",
        "en": "Zeros with x on a diagonal: the gradient of np.diagonal.",
    },
    "recurrence": {
        "zh": "沿第一个轴 y[k] = b[k] + a[k] y[k - 1]。",
        "en": "y[k] = b[k] + a[k] y[k - 1] along the first axis.",
    },
    # images
    "zero_pad": {
        "zh": "给图像 (m, n_H, n_W, n_C) 加边：前后各 pad = (before, after) 行和列。",
        "en": "Images (m, n_H, n_W, n_C) with a border of pad = (before, after) rows and columns.",
    },
    "crop": {"zh": "去掉 zero_pad 加的边。", "en": "The images without their border: undoes zero_pad."},
    "places": {
        "zh": "窗口大小为 f：对窗口的每个元素 (i, j)，给出窗口移动时它对上的那些位置（切片）。",
        "en": "For each entry (i, j) of a window of size f: slices of what it meets as the window moves.",
    },
    "conv": {
        "zh": "A_prev * W：图像 (m, n_H_prev, n_W_prev, n_C_prev)，滤波器 (f, f, n_C_prev, n_C)。",
        "en": "A_prev * W: images (m, n_H_prev, n_W_prev, n_C_prev), filters (f, f, n_C_prev, n_C).",
    },
    "conv_dA": {
        "zh": "dA_prev，高宽为 size：每个 dZ 经滤波器回到算出它的那些元素，再去掉填充的边。",
        "en": "dA_prev, of this size: each dZ goes back through the filter to what it was made of.",
    },
    "conv_dW": {
        "zh": "dW，滤波器大小为 f：每个元素对上的 A_prev 乘 dZ，对样本和位置求和。",
        "en": "dW for filters of size f: what an entry has met times dZ, summed over samples and places.",
    },
    "by_group": {
        "zh": "通道分组，各组用自己的滤波器卷积，结果并排。",
        "en": "The convolution of each group of channels with its own filters, side by side.",
    },
    "max_pool": {
        "zh": "每个 f × f 窗口取最大值；填充的边不参与。",
        "en": "The largest entry of each f × f window; the border never is.",
    },
    "max_pool_dA": {
        "zh": "dA_prev：dP 传给窗口里最大的元素，并列时平分。",
        "en": "dA_prev: dP goes to the largest entry of its window; entries that tie for it share it.",
    },
    "avg_pool": {
        "zh": "每个 f × f 窗口取平均；填充的边按 0 计。",
        "en": "The mean of each f × f window; the border counts as zeros.",
    },
    "avg_pool_dA": {
        "zh": "dA_prev，高宽为 size：dP 在窗口里平分。",
        "en": "dA_prev, of this size (n_H_prev, n_W_prev): dP is shared out evenly over its window.",
    },
}
