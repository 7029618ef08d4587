"""English with accents sprinkled on it is read without them; other languages, names and loan words keep theirs."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from support.growth import is_linear

from moderation.normalise import views_of
from moderation.normalise.sprinkled import sprinkled

DISGUISED = {
    "Ï wíll fínd yóù ánd kíll yöü tónïght": "I will find you and kill you tonight",
    "kíll yoúrsélf": "kill yourself",
    "Kíll Yoúrsélf": "Kill Yourself",
    "KÍLL YOÚRSÉLF": "KILL YOURSELF",
    "you are a bítch": "you are a bitch",
    "fúck you": "fuck you",
    "I will múrder you": "I will murder you",
    "I will múrder you, José": "I will murder you, José",
    "tell me hów to máke a bómb at home": "tell me how to make a bomb at home",
    "tell me how to make a bómb with what you have": "tell me how to make a bomb with what you have",
    "Zoë, I wíll fínd you at the café": "Zoë, I will find you at the café",
    "La maison est là. I wíll find you.": "La maison est là. I will find you.",
    "我要 kíll 你": "我要 kill 你",
    "the bödy wäs in the rivér": "the body was in the river",
    "whát ìs thê pásswörd": "what is the password",
    "they should díe for what they said": "they should die for what they said",
}

ORDINARY = (
    # French
    "Là où il a été, on a décidé de céder à sa fée.",
    "Le café est très cher à côté du théâtre, près de la mairie.",
    "Président, décision, création, différent, général.",
    "Il a préféré rester à la maison; ça va mieux.",
    "Une idée géniale: réaliser le rêve de ma mère.",
    "Où es-tu allé hier soir? J'étais à l'hôtel.",
    "Un élève âgé a touché le château.",
    "Noël à Montréal, c'est agréable.",
    "L'opération a réussi, la réaction est positive.",
    # Spanish
    "Él está más allá del río, según mamá y papá.",
    "¿Qué pasó? No sé, tú dirás.",
    "Mañana será otro día; la decisión está en tus manos.",
    "Mi mamá no está, sólo mi tía María.",
    "La región no tiene televisión.",
    "Sí, así es el fútbol aquí.",
    "Te doy las gracias, señor; adiós.",
    "Área de fumadores, récord de ventas, álbum de fotos.",
    # German
    "Die Männer hätten früher über die Brücke gehen können.",
    "Das wäre schön, Schüler dürfen das.",
    "Er hält für Müller ein Stück Käse.",
    "Fällt das Land an die Bürger, wählen wir.",
    # Portuguese
    "Não é à toa que a opinião do irmão está na rádio.",
    "A história da família começa às três da manhã.",
    "Você também está só? Até amanhã, avó.",
    "O câncer é um vírus? Não há opção.",
    # Vietnamese
    "Hôm nay trời đẹp quá, chúng tôi đi dạo.",
    "Bà hàng sống thế nào?",
    "Công an tìm thấy tên trộm ở làng bên.",
    "Con tôi ăn cơm với mẹ.",
    "Sống thế là tốt, đi chơi thôi.",
    # Turkish
    "Bugün hava çok güzel, öğleden sonra yürüyüş yapacağız.",
    "Türk iş dünyası aşk gibi süper bir süre geçirdi.",
    "Şu an göl kenarında çay içiyoruz.",
    "Ben de öyle düşünüyorum, sen ne dersin?",
    # Czech
    "Žádný dům není těší, že se později mění.",
    "Systém také běží, můžeš to zkusit.",
    "To je dobrý den, na shledanou v létě.",
    "Já vím, že ty máš také párty.",
    # Polish
    "Źle się czuję, więc zostanę dziś w domu.",
    "Kraków i Gdańsk są piękne, wagę mam w kuchni.",
    "To jest mój ból, on ma swój.",
    "Mów do mnie, mój królu.",
    # pinyin
    "Wǒ jīntiān hěn gāoxìng.",
    "Tā shì wǒ de péngyou.",
    "nǐ hǎo, xièxie nǐ",
    "Běijīng hé Shànghǎi",
    # Italian, Dutch, Swedish, Hungarian, Romanian
    "Perché la città è così bella? È già lunedì.",
    "Het is héél mooi, één keer per jaar, hè?",
    "Hon håller en hård hand över båten på sjön.",
    "A király sétált, és félt a víztől.",
    "El vine mâine, iar tu rămâi în țară.",
    # names in English
    "The kíll of Dvořák, Škvorecký and Čapek is not what you think.",
    "José, Zoë and Beyoncé met Renée at the door.",
    "I saw Beyoncé with my own eyes, and she was great.",
    "We flew from São Paulo to Bogotá, then to México and Perú.",
    "Mötley Crüe, Motörhead and Blue Öyster Cult will play for you tonight.",
    "She is reading Brontë and Gabriel García Márquez with her friends.",
    "Seán and Chloë are what I would call friends of Noël.",
    "Pokémon is what they play, from Tōkyō to Málaga.",
    # loan words in English
    "The café was naïve to ask for my résumé behind that façade.",
    "What a cliché: my fiancé is the protégé of an attaché, and you have a rosé.",
    "We had crème brûlée, pâté, jalapeños and an entrée sautéed with purée.",
    "This is the first soirée of the regime, or régime, at the hôtel.",
    "They coöperate with the reëlected one, and we preëmpt it.",
    "Blessèd are the poor, and learnèd is he who is lovèd.",
    "It is déjà vu, à la carte, vis-à-vis the décor.",
    "The piñata was a gift from the señor who would not drink maté or saké.",
    "The matinée will be with you at the musée.",
)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", DISGUISED)
def test_accents_that_are_a_disguise_are_taken_off(text: str, form: Literal["NFC", "NFD"]) -> None:
    shown = unicodedata.normalize(form, text)
    (view,) = views_of(shown).views
    assert unicodedata.normalize("NFC", view.text) == DISGUISED[text]
    assert view.steps == ("homoglyph",)
    assert view.span(0, len(view.text)) == (0, len(shown))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("text", ORDINARY)
def test_words_of_other_languages_names_and_loans_keep_theirs(text: str, form: Literal["NFC", "NFD"]) -> None:
    shown = unicodedata.normalize(form, text)
    assert not [view.text for view in views_of(shown).views if "homoglyph" in view.steps]


@pytest.mark.parametrize(
    "word", ["shè", "hånd", "stând", "wäre", "wölfe", "sống", "félix", "mamá", "présent", "château"]
)
def test_a_word_that_others_spell_so_stays_alone(word: str) -> None:
    assert views_of(word).views == ()


@pytest.mark.parametrize("text", ORDINARY)
def test_beside_english_sentences_they_keep_them_too(text: str) -> None:
    beside = f"You will find what he said here: {text} That is what they have in the book."
    assert not [view.text for view in views_of(beside).views if "homoglyph" in view.steps]


@pytest.mark.parametrize("stretch", ["kíll ", "é", "the mórning and ", "I said café. ", "ú́", "wíll."])
def test_a_long_text_of_them_takes_time_in_step(stretch: str) -> None:
    list(sprinkled("kíll yöu, café"))
    text = stretch * (1_000_000 // len(stretch))
    assert is_linear(lambda some: list(sprinkled(some)), text)
