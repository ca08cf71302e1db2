"""Inflection by the language of the page, which a query does not tell."""

import threading

import pytest

from index.words.cut import cut, cut_query, is_match

NEUTRAL = "0 " * 20
"""Makes a page long enough for its language to be believed."""

SAME = {
    "en": """
        invoices/invoice companies/company matrices/matrix printed/print files/file
        ledgers/ledger heating/heated tomatoes/tomato leaves/leaf women/woman planning/plan
    """,
    "de": """
        Rechnungen/Rechnung Häuser/Haus Verträge/Vertrag großen/große großes/groß
        Straßen/Strasse Kinder/Kind Kindern/Kind Autos/Auto Jahres/Jahr
    """,
    "fr": """
        factures/facture chevaux/cheval journaux/journal payés/payé payée/payé
        nouvelles/nouvelle châteaux/château
    """,
    "es": "facturas/factura luces/luz ciudades/ciudad colores/color canciones/canción",
    "it": "fatture/fattura libri/libro banche/banca direttori/direttore stazioni/stazione",
    "pt": "faturas/fatura ações/ação papéis/papel jornais/jornal mulheres/mulher",
    "nl": "facturen/factuur boeken/boek rekeningen/rekening bomen/boom mogelijkheden/mogelijkheid",
    "sv": "bilar/bil huset/hus fakturor/faktura räkningar/räkning",
    "da": "biler/bil huset/hus regninger/regning",
    "no": "biler/bil huset/hus regninger/regning",
    "fi": "laskut/lasku talot/talo",
    "hu": "könyvek/könyv",
    "pl": "faktury/faktura domy/dom umowy/umowa",
    "cs": "faktury/faktura domy/dom smlouvy/smlouva",
    "tr": "faturalar/fatura kitaplar/kitap defterler/defter",
    "el": "λογαριασμοί/λογαριασμός λογαριασμό/λογαριασμός",
    "ru": "договоры/договор договора/договор счета/счёт книги/книга",
    "hi": "किताबें/किताब",
    "ar": "الكتاب/كتاب",
}
"""As the page has it, and as it is typed."""

DIFFERENT = {
    "en": """
        universal/university organ/organization experience/experiment policy/police news/new
        united/unit general/generation planet/plan plan/plane past/paste wing/win string/str
        customs/custom means/mean during/dure feed/fee bed/b speed/spee arms/arm
    """,
    "de": "Messer/Messe Wetter/Wette Keller/Kelle Bauer/Bau Eimer/Eime Leiter/Leite Schule/Schal",
    "fr": "port/porte poste/postal cours/courir",
    "es": "puerto/puerta caso/casa",
    "it": "porto/porta caso/casa",
    "pt": "porto/porta caso/casa",
    "nl": "man/maan",
    "ru": "стол/столица",
}


def _pairs(table: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(code, *pair.split("/")) for code, pairs in table.items() for pair in pairs.split()]  # type: ignore[misc]


def _is_found(page: str, query: str, language: str) -> bool:
    (asked,) = cut_query(query)
    return any(is_match(token, asked) for token in cut(NEUTRAL + page, language))


@pytest.mark.parametrize(("language", "one", "other"), _pairs(SAME))
def test_a_word_is_found_by_its_other_form(language: str, one: str, other: str) -> None:
    assert _is_found(one, other, language)
    assert _is_found(other, one, language)


@pytest.mark.parametrize(("language", "one", "other"), _pairs(DIFFERENT))
def test_a_word_is_not_found_by_one_that_looks_akin(language: str, one: str, other: str) -> None:
    assert not _is_found(one, other, language)
    assert not _is_found(other, one, language)


def test_the_word_as_written_stays_its_term() -> None:
    assert [token.term for token in cut("Invoices for Häuser")] == ["invoices", "for", "hauser"]


def test_the_language_of_a_few_words_is_not_believed() -> None:
    """Guesses on short texts are wrong as often as not: "Invoice" is called French, or Romanian."""
    (page,) = cut("Invoice", "ro")
    assert page == cut("Invoice")[0]
    assert is_match(page, cut_query("invoices")[0])


def test_an_ending_of_another_language_is_none() -> None:
    """German "Messen" is more than one Messe, and English "messen" would be nothing."""
    assert _is_found("Messe", "Messen", "de")
    assert not _is_found("messe", "messen", "en")


def test_function_words_have_no_forms() -> None:
    assert cut("the was haben")[0].also == cut("the was haben")[2].also == ()


def test_a_long_query_is_stemmed_as_english_alone() -> None:
    tokens = cut_query("invoices Rechnungen " * 100)
    assert [token.also for token in tokens[:2]] == [("invoic", "invoice"), ()]


def test_threads_do_not_disturb_each_other() -> None:
    """A stemmer holds the word it works on."""
    words = [
        f"{a}{b}ings" for a in ("heat", "cool", "print", "paint") for b in ("er", "ed", "wheel")
    ]
    right = [cut(word) for word in words]
    wrong: list[str] = []

    def cut_all() -> None:
        wrong.extend(word for word, tokens in zip(words, right, strict=True) if cut(word) != tokens)

    threads = [threading.Thread(target=cut_all) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
