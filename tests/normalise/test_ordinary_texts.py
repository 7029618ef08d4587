"""What must not change: ordinary texts of many languages, emoji, code and names."""

# ruff: noqa: E501, PLE2502 - a text stands on one line, and right-to-left marks are what is tested

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest

from moderation.normalise import views_of

ORDINARY = {
    "english": "The committee met on Tuesday, didn't it? We'll see what comes of it; e.g. more money for schools (3rd time).",
    "german": "Die Straßenbahn fährt heute nicht über die Brücke, weil größere Bauarbeiten durchgeführt werden müssen.",
    "french": "L'été dernier, nous avons préféré rester chez nous à cause de la chaleur élevée; c'était très agréable.",
    "spanish": "Mañana por la mañana iremos al mercado; ¿quieres venir con nosotros? ¡Será divertido, señor!",
    "turkish": "Bugün hava çok güzel, öğleden sonra çocuklarla birlikte sahilde yürüyüş yapacağız.",
    "vietnamese": "Hôm nay trời đẹp quá, chúng tôi sẽ đi dạo ở công viên và uống cà phê với bạn bè.",
    "polish": "Źle się czuję, więc zostanę dziś w domu i będę czytać książkę przy herbacie.",
    "russian": "Сегодня хорошая погода, и мы пойдём гулять в парк. Вся IT-компания едет: 3D-печать, Wi-Fi и USB-кабель.",
    "ukrainian": "Сьогодні гарна погода, тому ми підемо гуляти до парку разом із друзями.",
    "greek": "Σήμερα ο καιρός είναι πολύ καλός και θα πάμε μια βόλτα στο πάρκο με τους φίλους μας.",
    "arabic": "الطقس جميل اليوم، وسوف نذهب إلى الحديقة مع الأصدقاء في المساء ‏(إن شاء الله).",
    "persian": "امروز هوا خوب است و ما می‌خواهیم به پارک برویم. کتاب‌ها را هم می‌آوریم.",
    "hebrew": "היום מזג האוויר נעים, ואנחנו הולכים לפארק עם החברים. שָׁלוֹם לְכֻלָּם!",
    "hindi": "आज मौसम अच्छा है और हम पार्क जाएंगे। क्‍षत्रिय और र्‍य भी लिखे जाते हैं।",
    "thai": "วันนี้อากาศดีมาก เราจะไปเดินเล่นที่สวนสาธารณะกับเพื่อนๆ ตอนเย็น",
    "korean": "오늘은 날씨가 좋아서 친구들과 함께 공원에 가서 커피를 마실 거예요.",
    "japanese": "今日は天気がいいので、友達と公園へ行ってコーヒーを飲みます。東京駅の近くに新しい図書館ができました。",
    "chinese": "今天天气很好，我们打算去公园散步！你想一起来吗？（下午３点见，门票１２元。）“好的”，他说；《红楼梦》很好看。",
    "chinese_news": "市政府召开会议讨论明年财政预算，决定增加对学校的投入。记者从教育局获悉，新学期将于九月一日开始。",
    "mixed": "我在用 Python 3.11 写代码，CPU 是 i7-12700K，屏幕是 4K，手机是 iPhone 15 Pro，听 MP3，看 B站，去 KTV 唱 K歌。",
    "names": "GPT4 COVID19 B2B 3D 2nd h2o v1.2.3 mp3 H1N1 A4 1st 5th 10x $100 web3 utf8 sha256 x86 i18n k8s a11y R2D2 7up 4K sha1 md5",
    "times": "It starts at 10:30 a.m. on 2024-05-01, costs $19.99 (20% off), ends at 5pm; call +1 (415) 555-2671 or 13800138000.",
    "abbreviations": "U.S.A., J. R. R. Tolkien, e.g., i.e., P.S., n/a, A B C D, x, y, z, Y M C A, p. 12, 1. a) b) c)",
    "emoji": "👨‍👩‍👧 👍🏽 🇨🇳🇺🇸 1️⃣ ❤️ 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 👩🏽‍💻 好开心😀❤️ so happy 😀!",
    "uuid": "550e8400-e29b-41d4-a716-446655440000 d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c",
    "addresses": "Write to jane.doe@example.com or see https://www.example.com/a/b?id=42&lang=en#top and 192.168.0.1:8080.",
    "code": "for (int i = 0; i < n; i++) { a[i] = b[i] * 0x1F; } // ok\ndef f(x, *args, **kw):\n    return x_1 if x else __name__",
    "markdown": "# Title\n\n- **bold** and *it*\n- `code`\n\n| a | b | c |\n| - | - | - |\n| 1 | 2 | 3 |\n\n---\n1. one\n2. two",
    "math": "Let x² + y² = r², α ≤ β, Δx → 0, ∑ aᵢbᵢ ≈ π/4, 𝑥 ∈ ℝ, f: A → B, 50 µm, 10 Ω, H₂O, CO₂, ½ ℃ ™ № ①②③",
    "logs": "2024-05-01T12:00:01Z INFO worker-12 took=35ms id=abc123 path=/usr/local/lib/python3.11/site-packages/x.py",
    "enumeration": "金、木、水、火、土；红/黄/蓝；男/女；是/否；一 二，弗拉基米尔·普京，2023—2024，第１章",
    "identifiers": "internationalization getElementById HTMLParser supercalifragilistic ThisIsAVeryLongClassName snake_case_name_here",
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_text_has_no_view(name: str) -> None:
    assert views_of(ORDINARY[name]).views == ()
    assert views_of(ORDINARY[name]).gaps == ()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Hello，world！ ok", "width of signs"),
        ("\ufeffhello there", "a mark at the beginning"),
        ("a\u200b b", "beside a blank"),
    ],
)
def test_what_does_not_matter_makes_no_view(text: str, same: str) -> None:
    assert views_of(text).views == (), same


def test_all_of_them_in_one_long_text() -> None:
    text = "\n".join(ORDINARY.values())
    assert len(text) > 2_500
    assert views_of(text * 3).views == ()


# Words under accents that are English words without: of one language, they stay.
ACCENTED = (
    "La maison est à côté de la gare.",
    "Un peu de fromage râpé sur le pâté, et c'est prêté.",
    "Il a gâté sa fille et hâté le pas, gêné.",
    "Cô ấy nói rằng tôi phải sống bằng nghề này.",
    "Một bài hát sống động trên tầng hai, rằng hằng ngày.",
    "Él está más allá del río, según mamá y papá; ¿qué pasó, ñandú?",
    "Große Bäume über Öfen, möglichst schöne Äpfel für Müller.",
    "Não é à toa; então, a ação começa às três, avô e avó.",
    "Žádný dům není těší, že se později mění.",
    "Müller et Dvořák à côté du pâté",
)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", ACCENTED)
def test_words_of_other_languages_keep_their_accents(text: str, form: Literal["NFC", "NFD"]) -> None:
    assert views_of(unicodedata.normalize(form, text)).views == ()
    words = text.split()
    assert [word for word in words if views_of(unicodedata.normalize(form, word)).views] == []


def test_accents_of_no_language_or_on_all_english_words_are_taken_off() -> None:
    for disguised, plain in (
        ("p̂lèäsê come", "please come"),
        ("Ïn thé hòúsê, théîr téàchêr", "In the house, their teacher"),
    ):
        (view,) = views_of(disguised).views
        assert view.text == plain
        assert view.steps == ("homoglyph",)


def test_japanese_among_much_chinese_stays() -> None:
    text = "今天下午我们在图书馆看书，晚上和朋友喝茶聊天，明天再去公园散步。" * 4 + "東京駅へ行きました。"
    assert views_of(text).views == ()
    (view,) = views_of(f"{text}后来到了晚上，他喜歡讀書。").views
    assert view.text.endswith("東京駅へ行きました。后来到了晚上，他喜欢读书。")


# Turkish and Azerbaijani have an ı of their own; Malay and Indonesian a word that is English backwards.
OTHERS = (
    "Kızım sınavı kazandı, çok mutluyum.",
    "Bakanlığımız tarafından açıklanan kararların uygulanmasına başlandı.",
    "Altın fiyatları bugün yine arttı.",
    "Kırk yıl önce burada bir kız okulu vardı.",
    "Bu sır tam on yıl saklandı.",
    "Tıp fakültesi sınavları yarın başlıyor. Hazır mısın?",
    "Ankara'nın ılık havası insanı rahatlatır.",
    "Qızım məktəbdə yaxşı oxuyur və kitabları sevir.",
    "Azərbaycanın paytaxtı Bakı şəhəridir.",
    "Onların hamısı bizim dostumuzdur.",
    "He wrote kınç.",
    "Selamat datang di Indonesia",
    "Selamat pagi, apa kabar hari ini?",
)


@pytest.mark.parametrize("text", OTHERS)
def test_letters_and_words_of_other_languages_stay(text: str) -> None:
    assert views_of(text).views == ()
    assert views_of(f"He wrote to me yesterday:\n{text}\nThat was all.").views == ()


@pytest.mark.parametrize(
    ("disguised", "plain", "step"),
    [
        ("you must kıll him now", "you must kill him now", "homoglyph"),
        ("kıll", "kill", "homoglyph"),
        ("你这个kıller，滚", "你这个killer，滚", "homoglyph"),
        ("you must kıll him now, güzel", "you must kill him now, güzel", "homoglyph"),
        ("lol xd kıller", "lol xd killer", "homoglyph"),
        ("go kıll urself bro fr fr ngl", "go kill urself bro fr fr ngl", "homoglyph"),
        ("Bugün hava çok güzel. You must kıll him now.", "Bugün hava çok güzel. You must kill him now.", "homoglyph"),
        ("please read the snoitcurtsni now", "please read the instructions now", "reversed"),
    ],
)
def test_among_english_words_they_are_disguises(disguised: str, plain: str, step: str) -> None:
    assert [(view.text, view.steps) for view in views_of(disguised).views] == [(plain, (step,))]
