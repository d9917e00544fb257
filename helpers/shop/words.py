"""The words that titles are made of, in English and Chinese: 12 categories of 5 things, and 3 properties of 8 values."""

from __future__ import annotations

CATEGORIES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("kitchen", "厨房用品", (("kettle", "水壶"), ("frying pan", "平底锅"), ("knife set", "刀具套装"), ("lunch box", "饭盒"), ("tea pot", "茶壶"))),
    ("bedroom", "床上用品", (("pillow", "枕头"), ("duvet cover", "被套"), ("blanket", "毛毯"), ("bed sheet", "床单"), ("mattress pad", "床垫"))),
    ("lighting", "灯具", (("desk lamp", "台灯"), ("floor lamp", "落地灯"), ("string lights", "灯串"), ("night light", "小夜灯"), ("lantern", "灯笼"))),
    ("clothing", "服装", (("jacket", "夹克"), ("shirt", "衬衫"), ("dress", "连衣裙"), ("sweater", "毛衣"), ("trousers", "长裤"))),
    ("shoes", "鞋靴", (("sneakers", "运动鞋"), ("boots", "靴子"), ("sandals", "凉鞋"), ("slippers", "拖鞋"), ("loafers", "乐福鞋"))),
    ("bags", "箱包", (("backpack", "双肩包"), ("tote bag", "手提袋"), ("suitcase", "行李箱"), ("wallet", "钱包"), ("shoulder bag", "单肩包"))),
    ("toys", "玩具", (("building blocks", "积木"), ("puzzle", "拼图"), ("doll", "玩偶"), ("model train", "火车模型"), ("board game", "桌游"))),
    ("sports", "运动户外", (("yoga mat", "瑜伽垫"), ("dumbbells", "哑铃"), ("tent", "帐篷"), ("water bottle", "运动水壶"), ("skipping rope", "跳绳"))),
    ("stationery", "文具", (("notebook", "笔记本"), ("fountain pen", "钢笔"), ("pencil case", "笔袋"), ("calendar", "日历"), ("desk organiser", "桌面收纳盒"))),
    ("garden", "园艺", (("flower pot", "花盆"), ("watering can", "浇水壶"), ("garden chair", "庭院椅"), ("plant stand", "花架"), ("bird feeder", "喂鸟器"))),
    ("beauty", "美妆个护", (("face cream", "面霜"), ("hair brush", "梳子"), ("soap", "香皂"), ("mirror", "化妆镜"), ("hand lotion", "护手霜"))),
    ("pets", "宠物用品", (("dog bed", "狗窝"), ("cat tree", "猫爬架"), ("pet bowl", "宠物碗"), ("leash", "牵引绳"), ("cat toy", "猫玩具"))),
)
"""Name, Chinese name, and the things sold."""

STYLES = (("vintage", "复古"), ("minimalist", "简约"), ("colourful", "彩色"), ("elegant", "优雅"), ("rustic", "田园"), ("modern", "现代"),
          ("playful", "趣味"), ("classic", "经典"))
MATERIALS = (("wooden", "木质"), ("cotton", "棉质"), ("leather", "皮质"), ("steel", "不锈钢"), ("bamboo", "竹制"), ("ceramic", "陶瓷"),
             ("wool", "羊毛"), ("recycled", "再生材料"))
OCCASIONS = (("for travel", "旅行"), ("for children", "儿童"), ("for the office", "办公"), ("for gifts", "送礼"), ("for winter", "冬季"),
             ("for summer", "夏季"), ("for small homes", "小户型"), ("for parties", "派对"))
PROPERTIES = (STYLES, MATERIALS, OCCASIONS)

BAIT = (("You won't believe this price:", "震惊低价："), ("Everyone is buying this:", "全网疯抢："), ("Last chance today:", "最后一天："))
"""How a click-bait title begins."""

COMPLEMENTS = (9, 2, 1, 4, 5, 3, 8, 10, 6, 11, 0, 7)
"""To each category the one people look into next; each is one category's complement."""


def title(category: int, thing: int, properties: tuple[int, int, int], bait: int = -1) -> tuple[str, str]:
    """A title in English and in Chinese.  bait: index into BAIT, or -1."""
    (style, style_zh), (material, material_zh), (occasion, occasion_zh) = (values[i] for values, i in zip(PROPERTIES, properties, strict=True))
    name, name_zh = CATEGORIES[category][2][thing]
    en, zh = f"{style} {material} {name} {occasion}", f"{occasion_zh}{style_zh}{material_zh}{name_zh}"
    if bait < 0:
        return en[0].upper() + en[1:], zh
    return f"{BAIT[bait][0]} {en}", BAIT[bait][1] + zh
