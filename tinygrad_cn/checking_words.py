"""Texts about checking functions, updates, homework files and single entries; a part of the catalogue."""

from __future__ import annotations

CHECKING: dict[str, dict[str, str]] = {
    # a backward function on fresh nets
    "probe.agree": {
        "zh": "换成别的尺寸、全新数据的网络也一致：{sizes}。",
        "en": "It also agrees on fresh nets of other sizes: {sizes}.",
    },
    "probe.luck": {
        "zh": "在给定的网络上碰巧一致，换一个网络（{sizes}）就不对；上表是后者的结果。"
        "多半是某个尺寸（如 m）写成了固定的数，或用了函数外面的值。{outside}",
        "en": "It agrees on the given net by luck and is wrong on a fresh one ({sizes}), which the table shows. "
        "A size such as m may be written as a number, or a value may come from outside the function. {outside}",
    },
    "probe.outside": {
        "zh": "函数用到了外面的 {names}：请作为参数传入。",
        "en": "The function reads {names} from outside: make it a parameter.",
    },
    "probe.raised": {
        "zh": "没能在别的尺寸上核对：在网络（{sizes}）上函数报错：{error}。",
        "en": "Not checked on other sizes: on a net with {sizes} the function raises: {error}.",
    },
    "probe.none": {
        "zh": "只在给定的网络上核对过：这个损失不能换尺寸重建。",
        "en": "Checked on the given net only: this cost cannot be rebuilt with other sizes.",
    },
    "probe.constant": {
        "zh": "{function} 没有任何来自网络的参数，只能在给定的网络上核对。",
        "en": "{function} is given nothing of the net, so it was checked on the given net only.",
    },
    "probe.differs": {
        "zh": "在别的尺寸上，最先出错的是 {name}：还有别的错误被尺寸巧合掩盖。",
        "en": "On nets of other sizes {name} is the first that is wrong: a coincidence of sizes hides something here.",
    },
    "probe.changed": {
        "zh": "函数就地修改了 {names}：之后用到它们的代码拿到的是改过的值。请先复制，如 dZ = np.array(dA, copy=True)。",
        "en": "The function changes {names} in place, so code that runs later sees the changed values. "
        "Work on a copy: dZ = np.array(dA, copy=True).",
    },
    # homework files
    "homework.checked": {
        "zh": "核对的是 {function}，网络：{net}。",
        "en": "Checked: {function}, on a net with {net}.",
    },
    "homework.other": {
        "zh": "没有核对：{names}（用 --function 指定）。",
        "en": "Not checked: {names} (choose one with --function).",
    },
    "homework.forward": {
        "zh": "{function} 的输出与试过的网络都不同，因此没有用它的缓存；网络可用 --net、--hidden、--output 指明。",
        "en": "{function} gives the output of none of the nets tried, so its cache was not used; "
        "say which net it is with --net, --hidden, --output.",
    },
}
