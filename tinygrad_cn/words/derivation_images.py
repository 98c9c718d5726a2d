"""What derivations say of images: convolution, pooling, flattening; of norms and of dropout."""

from __future__ import annotations

DERIVATION_IMAGES: dict[str, dict[str, str]] = {
    "opening.images": {
        "zh": "共 {layers} 层，$m = {m}$ 个样本：图像的第一个轴、矩阵的每一列各是一个样本。先做前向传播，缓存反向要"
        "用的量；再从 $J$ 出发，用链式法则逐层往回求梯度。",
        "en": "Layers: {layers}; samples: $m = {m}$, along the first axis of images and one per column of "
        "matrices. The forward pass comes first and caches what the backward pass will need; then the chain rule "
        "takes us from $J$ back, layer by layer.",
    },
    "convention.course.images": {
        "zh": "课程约定：$J$ 是单个样本损失 $\\mathcal{{L}}$ 的平均。$dA$、$dZ$ 是 $\\mathcal{{L}}$ 的导数，一张图"
        "像或一列是一个样本，不含 $\\frac{{1}}{{m}}$；$dW$、$db$ 是 $J$ 的导数，$\\frac{{1}}{{m}}$ 写在它们里面。",
        "en": "Course convention: $J$ is the mean of the loss $\\mathcal{{L}}$ of one sample. $dA$ and $dZ$ are "
        "derivatives of $\\mathcal{{L}}$, one image or column per sample, without $\\frac{{1}}{{m}}$; $dW$ and "
        "$db$ are derivatives of $J$, and $\\frac{{1}}{{m}}$ stands in them.",
    },
    # convolution
    "conv": {
        "zh": "滤波器 $c$ 放到图像 $i$ 的每个位置 $(h, w)$ 上，重叠的元素相乘再求和{border}{groups}。",
        "en": "Filter $c$ is laid over image $i$ at every place $(h, w)$; what lies on top of each other is multiplied "
        "and summed{border}{groups}.",
    },
    "conv.again": {"zh": "与 {first} 同理{border}{groups}。", "en": "As for {first}{border}{groups}."},
    "conv.border": {"zh": "，图像以外按 0 计", "en": ", with zeros outside the image"},
    "conv.groups": {
        "zh": "，$k$ 只取 $c$ 所在那一组的 {n} 个通道",
        "en": ", where $k$ runs over the {n} channels in the group of $c$",
    },
    "conv.filter": {
        "zh": "滤波器的每个元素在每张图像的每个位置都用到一次，所以把它每次对上的输入乘以上游 {g}，全部加起来"
        "{border}{groups}。",
        "en": "Each entry of a filter is used at every place of every image, so what it met there, times the upstream "
        "{g}, is summed over all of them{border}{groups}.",
    },
    "conv.filter.again": {"zh": "与 {first} 同理{border}{groups}。", "en": "As for {first}{border}{groups}."},
    "conv.bias": {
        "zh": "{x} 的每个元素加到了一个通道的所有样本、所有位置上，所以把 {g} 对样本、高、宽求和"
        "（axis=(0, 1, 2)，keepdims=True）。",
        "en": "Each entry of {x} is added to one channel of all samples at all places, so {g} is summed over "
        "samples, height and width (axis=(0, 1, 2), keepdims=True).",
    },
    "conv.bias.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "conv.input": {
        "zh": "窗口移动时，{x} 的每个元素会对上滤波器的每个元素，各在不同的位置；贡献全部相加，{g} 以外按 0 计。"
        "这就是 {g} 与旋转 180° 的滤波器做 full 卷积；填充的边没有梯度要传，去掉。",
        "en": "As the filter moves, every entry of it meets an entry of {x}, each at another place, and all these "
        "contributions add up, with zeros outside {g}. This is the full convolution of {g} with the filter turned by "
        "180°; what falls on the padding is cut off.",
    },
    "conv.input.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "conv.input.stride": {
        "zh": "窗口移动时，{x} 的一个元素 $(p, q)$ 会在若干位置对上滤波器的元素；贡献全部相加。"
        "没有窗口对上的元素，梯度是 0；填充的边没有梯度要传，去掉。"
        "这是 {g} 的转置卷积：按步长把 {g} 隔开，再做 full 卷积。",
        "en": "As the filter moves, its entries meet the entry $(p, q)$ of {x} at some places, and these contributions "
        "add up. An entry that no window meets has gradient 0; what falls on the padding is cut off. It is the "
        "transposed convolution of {g}: the full one, with {g} spaced out by the stride.",
    },
    "conv.input.stride.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "shape.window": {"zh": "{height}，{width}，所以是 {size}。", "en": "{height} and {width}, so {size}."},
    # norms
    "norm.images": {
        "zh": "{n}，其中 $\\mu$、$\\sigma^2$ 是 {x} 对样本、高、宽的均值和方差，每个通道一对。",
        "en": "{n}, where $\\mu$ and $\\sigma^2$ are the mean and variance of {x} over samples, height and width, "
        "one pair for each channel.",
    },
    "norm.batch": {
        "zh": "{n}，其中 $\\mu$、$\\sigma^2$ 是 {x} 对 $m$ 个样本的均值和方差，每个单元一对。",
        "en": "{n}, where $\\mu$ and $\\sigma^2$ are the mean and variance of {x} over the $m$ samples, one pair "
        "for each unit.",
    },
    "norm.layer": {
        "zh": "{n}，其中 $\\mu$、$\\sigma^2$ 是 {x} 对一个样本各单元的均值和方差，每个样本一对。",
        "en": "{n}, where $\\mu$ and $\\sigma^2$ are the mean and variance of {x} over the units of a sample, one "
        "pair for each sample.",
    },
    "norm.fixed": {
        "zh": "{n}，其中 {mu} 是训练时的滑动均值，{sigma} 是 $\\sqrt{{\\sigma^2 + \\varepsilon}}$，$\\sigma^2$ 是滑动"
        "方差；两者都是常数，与这一批样本无关。",
        "en": "{n}, where {mu} is the running mean of the training, and {sigma} is "
        "$\\sqrt{{\\sigma^2 + \\varepsilon}}$ with the running variance $\\sigma^2$: constants, whatever the batch.",
    },
    "norm.fixed.again": {"zh": "与 {first} 同理，{n}。", "en": "As for {first}, with {n}."},
    "norm.fixed.input": {
        "zh": "{mu} 和 {sigma} 是常数，{x} 只通过一条路影响 {y}：乘 {gamma}，除以 {sigma}。"
        "训练时还有经过均值和方差的两条路。",
        "en": "{mu} and {sigma} are constants, so {x} reaches {y} in one way only: times {gamma}, divided by {sigma}. "
        "In training there are two more, through the mean and the variance.",
    },
    "norm.fixed.input.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "norm.input": {
        "zh": "链式法则，{dn}。$n$ 通过三条路依赖 {x}：直接的一条给出 $dn$；经过 $\\mu$ 的一条减去 $dn$ 的均值；经"
        "过 $\\sigma$ 的一条减去 $n \\odot \\operatorname{{mean}}(dn \\odot n)$。均值与 $\\mu$、$\\sigma^2$ 沿同样"
        "的轴取。若把 $\\mu$、$\\sigma$ 当成常数，就只剩下 {only}，是错的。",
        "en": "Chain rule, with {dn}. $n$ depends on {x} in three ways: the direct one gives $dn$, the one through "
        "$\\mu$ takes the mean of $dn$ away, the one through $\\sigma$ takes "
        "$n \\odot \\operatorname{{mean}}(dn \\odot n)$ away; means are over the axes of $\\mu$ and $\\sigma^2$. "
        "With $\\mu$ and $\\sigma$ as constants only {only} would be left, which is wrong.",
    },
    "norm.input.again": {"zh": "与 {first} 同理，{dn}。", "en": "As for {first}, with {dn}."},
    "norm.gamma": {
        "zh": "在 {forward} 里 {x} 乘到它被广播到的所有位置，所以把 {g} 乘以 $n$，再在这些位置上求和。",
        "en": "In {forward} the factor {x} is broadcast, so {g} times $n$ is summed over all the places it went to.",
    },
    "norm.gamma.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    "norm.beta": {
        "zh": "在 {forward} 里 {x} 加到它被广播到的所有位置，所以把 {g} 在这些位置上求和。",
        "en": "In {forward} the summand {x} is broadcast, so {g} is summed over all the places it went to.",
    },
    "norm.beta.again": {"zh": "与 {first} 同理。", "en": "As for {first}."},
    # pooling, flattening, dropout
    "pool.max": {
        "zh": "每个通道各自做：{f} × {f} 的窗口每次移动 {s}，取窗口里的最大值。",
        "en": "Channel by channel: of each window of {f} × {f} entries, {s} apart, the largest entry.",
    },
    "pool.avg": {
        "zh": "每个通道各自做：{f} × {f} 的窗口每次移动 {s}，取窗口里的平均值。",
        "en": "Channel by channel: of each window of {f} × {f} entries, {s} apart, the mean.",
    },
    "pool.global.max": {
        "zh": "每张图像的每个通道取最大值。",
        "en": "Of each channel of an image, the largest entry.",
    },
    "pool.global.avg": {"zh": "每张图像的每个通道取平均值。", "en": "Of each channel of an image, the mean."},
    "pool.max.back": {
        "zh": "窗口里只有最大的元素影响 {y}，所以 {g} 原样传给它，其余是 0：$\\mathbf{{1}}\\lbrace\\cdot\\rbrace$ "
        "就是这个掩码{overlap}。",
        "en": "Of a window only the largest entry reaches {y}, so it alone gets {g} and the others get 0: "
        "$\\mathbf{{1}}\\lbrace\\cdot\\rbrace$ is that mask{overlap}.",
    },
    "pool.avg.back": {
        "zh": "窗口里的 {count} 个元素在平均值里各占 1/{count}，所以 {g} 平分给它们{overlap}。",
        "en": "Each of the {count} entries of a window has a share of 1/{count} in its mean, so {g} is shared out "
        "evenly among them{overlap}.",
    },
    "pool.global.max.back": {
        "zh": "通道里只有最大的元素影响 {y}，所以 {g} 原样传给它，其余是 0。{overlap}",
        "en": "Of a channel only the largest entry reaches {y}, so it alone gets {g} and the others get 0.{overlap}",
    },
    "pool.global.avg.back": {
        "zh": "通道里的 {count} 个元素在平均值里各占 1/{count}，所以 {g} 平分给它们。{overlap}",
        "en": "Each of the {count} entries of a channel has a share of 1/{count} in the mean, so {g} is shared out "
        "evenly among them.{overlap}",
    },
    "pool.overlap": {"zh": "；窗口有重叠，重叠处相加", "en": "; where windows overlap, their contributions add up"},
    "flatten": {
        "zh": "按图像的行逐行展开，同一像素的各通道相邻，一张图像成为一列。",
        "en": "Row by row of the image, the channels of a pixel together, each image becomes a column.",
    },
    "flatten.back": {
        "zh": "展平只是重新排列，所以梯度原路放回：转置，再恢复成 {x} 的形状。",
        "en": "Flattening only rearranges, so the gradient goes back the same way: transposed, then in the shape "
        "of {x}.",
    },
    "dropout.forward": {
        "zh": "掩码 {mask} 随机抽取，每一步都重抽：为 0 的元素关掉，其余保留。",
        "en": "The mask {mask} is drawn at random, anew in every step: where it is 0 an entry is turned off.",
    },
    "dropout.forward.divided": {
        "zh": "掩码 {mask} 的每个元素以保留概率 {keep} 取 1，否则取 0，每一步都重抽；除以 {keep} 使 {a} 的均值不变。",
        "en": "Each entry of the mask {mask} is 1 with the keep probability {keep} and 0 otherwise, drawn anew in "
        "every step; dividing by {keep} keeps the mean of {a} as it is.",
    },
    "dropout.forward.divided.again": {
        "zh": "与 {first} 同理，保留概率是 {keep}。",
        "en": "As for {first}; the keep probability is {keep}.",
    },
    "dropout.back": {
        "zh": "前向时被掩码 {mask} 关掉的单元没有影响 $J$，反向用同一个掩码。",
        "en": "Units that the mask {mask} has turned off did not reach $J$: backward takes the same mask.",
    },
    "dropout.back.divided": {
        "zh": "前向时被掩码 {mask} 关掉的单元没有影响 $J$，反向用同一个掩码；前向除以了保留概率 {keep}，反向同样要除。",
        "en": "Units that the mask {mask} has turned off did not reach $J$: backward takes the same mask. Forward has "
        "divided by the keep probability {keep}, and so does backward.",
    },
    "dropout.back.divided.again": {
        "zh": "同一个掩码 {mask}、同一个除数 {keep}，与 {first} 同理。",
        "en": "The same mask {mask} and division by {keep}, as for {first}.",
    },
}
