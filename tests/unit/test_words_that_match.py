"""Words that mean the same are found by each other, and words that do not are not.

A line is a page's text, a stroke, and a query. A query stands on a page if each of its words does,
or a whole that the word is part of.
"""

import pytest

from index.words.cut import Token, cut, cut_query, is_match

SAME = {
    "case": r"""
        groß | GROSS
        STRASSE | Straße
        STRAẞE | strasse
        ΟΔΟΣ | οδός
        οδός | ΟΔΟΣ
        İstanbul | istanbul
        istanbul | İSTANBUL
        ISPARTA | ısparta
        ıspanak | ispanak
        ЁЛКА | ёлка
        Ёлка | елка
        елка | Ёлка
        ԵՐԵՎԱՆ | երևան
        ǅ | dž
    """,
    "accents": r"""
        Größe | grosse
        naïve | naive
        café | cafe
        cafe\u0301 | café
        Việt Nam | viet nam
        Ευρώπη | ευρωπη
        ΐ | ϊ
        São Paulo | sao paulo
        Řehoř | rehor
        за\u0301мок | замок
    """,
    "letters of some languages": r"""
        Größe | groesse
        Groesse | Größe
        Müller | Mueller
        Mueller | Müller
        Ärzte | Aerzte
        boeuf | bœuf
        bœuf | boeuf
        Cœlacanthe | coelacanthe
        encyclopædia | encyclopaedia
        København | kobenhavn
        København | koebenhavn
        Ålborg | Aalborg
        Łódź | lodz
        Đorđe | dorde
        þing | thing
        Ħamrun | hamrun
        Straße | Strasse
        ĳsje | ijsje
    """,
    "width and presentation": r"""
        ＡＢＣ | abc
        abc | ＡＢＣ
        ﾄｳｷｮｳ | トウキョウ
        トウキョウ | ﾄｳｷｮｳ
        ｶﾞｲﾄﾞ | ガイド
        ﾊﾟﾘ | パリ
        ﬁnance | finance
        oﬃce | office
        𝐛𝐨𝐥𝐝 | bold
        ﻣﺮﺣﺒﺎ | مرحبا
        ﻼ | لا
        Ⅳ | iv
        H₂O | h2o
        x² | x2
    """,
    "Arabic and Persian": r"""
        أحمد | احمد
        احمد | أحمد
        إدارة | ادارة
        آمال | امال
        مدرسة | مدرسه
        على | علي
        مسؤول | مسوول
        العَرَبِيّة | العربية
        مـــرحبا | مرحبا
        کتاب | كتاب
        ایران | ايران
        می\u200cخواهم | میخواهم
        السالم | السلام
    """,
    "Hebrew": r"""
        שָׁלוֹם | שלום
        צה״ל | צה"ל
        צה"ל | צה״ל
        ג׳ירפה | ג'ירפה
        תל־אביב | תל אביב
    """,
    "scripts of India": r"""
        हिन्दी | हिंदी
        गाँव | गांव
        फ़सल | फसल
        हिंदी | हिन्दी
        क\u093cलम | क़लम
        १२३ | 123
    """,
    "apostrophes": r"""
        l'eau | eau
        l’eau | l'eau
        d’accord | accord
        page's | page
        candle’s | candle
        the candles’ light | candles
        don't | don’t
        don’t | dont
        dont | don't
        O’Brien | O'Brien
        O'Brien | OBrien
        OBrien | O’Brien
        O`Brien | O'Brien
        Oʼzbekiston | O'zbekiston
        aujourd'hui | aujourd’hui
        dell'acqua | acqua
        it's | it
        'quoted' | quoted
        rock'n'roll | rock’n’roll
    """,
    "invisible characters": r"""
        co\u00adoperate | cooperate
        co\u200boperate | cooperate
        \ufeffreport | report
        \u202areport\u202c | report
        re\u2060port | report
    """,
    "digits": r"""
        ٢٠٢٤ | 2024
        ２０２４ | 2024
        २०२४ | 2024
        ๒๕๖๗ | 2567
        2024 | ٢٠٢٤
        ① | 1
    """,
    "hyphens": r"""
        e-mail | email
        email | e-mail
        E-Mail | email
        e‑mail | email
        e mail | email
        email | e mail
        e-mail | mail
        x-ray | x ray
        t-shirt | T shirt
        state-of-the-art | art
        state-of-the-art | state of the art
        state of the art | state-of-the-art
        Wi-Fi | wifi
        wifi | Wi-Fi
        Donau-Dampfschiff | donaudampfschiff
        pre–war | prewar
    """,
    "broken at a line's end": r"""
        docu- ments | documents
        docu- ments | document
        Ver\u2010 fahren | Verfahren
        Be\u00ad wegung | Bewegung
        Straßen- bahn | Strassenbahn
        機械 学習 | 機械学習
        機 械 学 習 | 機械学習
        機械 学習 | 械学
    """,
    "units": r"""
        5 km | 5km
        5km | 5 km
        5km | 5km
        5-km run | 5 km
        5 km | km
        5km | 5
        5km | km
        10 kg | 10kg
        10kg | 10 kg
        10\u00a0kg | 10 kg
        5㎞ | 5 km
        25 °C | 25°C
        25°C | 25 °C
        25 ℃ | 25°C
        25°C | 25 ℃
        50 % | 50%
        50% | 50 %
        50 percent | 50%
        50 Prozent | 50 %
        3,5 kg | 3.5kg
        100 km/h | 100km/h
        100 km/h | km/h
        12 m² | 12 m2
        1.5 mm | 1,5mm
        5 µm | 5 μm
        16 GB | 16GB
        230 V | 230V
        1,000 km | 1000km
        1 000 km | 1000 km
    """,
    "money": r"""
        $1,000 | $1000
        $1000 | $1,000
        $1,000 | 1000 $
        1000 $ | $1000
        $1,000 | 1000
        EUR 1.000 | 1000 €
        1.000 EUR | €1000
        USD 500 | $500
        US$ 500 | $500
        £20 | 20 GBP
        $1,000.00 | $1000
        ¥1,000 | 1000円
        1'000 CHF | CHF 1000
        ₹1,00,000 | ₹100000
    """,
    "thousands and decimals": r"""
        1.000 € | 1000
        1 000 | 1000
        1\u202f000 | 1000
        1\u00a0000 | 1000
        1'000 | 1000
        1’000 | 1000
        1000 | 1,000
        1000 | 1.000
        1000 | 1 000
        1 000 000 | 1000000
        1,000,000 | 1 000 000
        1.000.000 | 1,000,000
        1,00,000 | 100000
        3,14 | 3.14
        3.14 | 3,14
        1.234,56 | 1,234.56
        1 234,56 | 1234.56
        1'234.56 | 1.234,56
        ½ cup | 1/2 cup
        1,234. | 1234
        (1,234) | 1234
    """,
    "account and card numbers": r"""
        DE89 3704 0044 0532 0130 00 | DE89370400440532013000
        DE89370400440532013000 | DE89 3704 0044 0532 0130 00
        FR76 3000 6000 0112 3456 7890 189 | FR7630006000011234567890189
        GB29 NWBK 6016 1331 9268 19 | gb29nwbk60161331926819
        4111 1111 1111 1111 | 4111111111111111
        4111-1111-1111-1111 | 4111 1111 1111 1111
        4111111111111111 | 4111-1111-1111-1111
        978-3-16-148410-0 | 9783161484100
        9783161484100 | 978-3-16-148410-0
    """,
    "telephone numbers": r"""
        +49 30 1234567 | +49301234567
        +49 (0)30 1234567 | 030 1234567
        030/123 45 67 | 0301234567
        030 1234567 | 030/1234567
        (555) 123-4567 | 5551234567
        555-123-4567 | (555) 123 4567
        555.123.4567 | 555-123-4567
        0049 30 1234567 | +49 30 1234567
        +1 555 123 4567 | (555) 123-4567
        01 23 45 67 89 | 0123456789
        01.23.45.67.89 | 01 23 45 67 89
    """,
    "sections": r"""
        § 14a | §14a
        § 14 | §14
        §14 | § 14
        § 14a | 14a
        § 14 a | § 14a
        Art. 5 | Art 5
        Section 12b | 12b
    """,
    "versions": r"""
        v2.12.1 | 2.12.1
        2.12.1 | v2.12.1
        version 2.12.1 | 2.12.1
        v1.2 | 1.2
        Python 3.12 | 3.12
        192.168.0.1 | 192.168.0.1
    """,
    "dates": r"""
        12.03.2024 | 2024-03-12
        2024-03-12 | 12.03.2024
        12/03/2024 | 12.03.2024
        12.3.2024 | 12.03.2024
        12.03.24 | 2024-03-12
        12 March 2024 | 2024-03-12
        12th of March 2024 | 2024-03-12
        12-Mar-2024 | 2024-03-12
        March 12, 2024 | 12.03.2024
        Mar. 12th, 2024 | 2024-03-12
        12. März 2024 | 12.03.2024
        12. Maerz 2024 | 2024-03-12
        12 mars 2024 | 12/03/2024
        1er janvier 2024 | 01.01.2024
        12 de marzo de 2024 | 2024-03-12
        12 марта 2024 | 2024-03-12
        2024年3月12日 | 2024-03-12
        ２０２４年３月１２日 | 2024-03-12
        2024년 3월 12일 | 2024-03-12
        2024-03-12 | 2024年3月12日
        2024/3/12 | 2024-03-12
        12.03.2024 | 12 March 2024
        12.03.2024 | 2024
        12.03.2024 | March 2024
        12 March 2024 | 03/2024
        03/2024 | March 2024
        03/04/2024 | 3 April 2024
        03/04/2024 | March 4, 2024
        3 April 2024 | 03/04/2024
        2024-03-12T10:30 | 2024-03-12
    """,
    "times": r"""
        8:15 | 08:15
        08:15 | 8:15
    """,
    "codes": r"""
        INV-2023-0042 | INV-2023-0042
        INV-2023-0042 | inv/2023/0042
        INV-2023-0042 | inv_2023_0042
        INV-2023-0042 | INV 2023 0042
        INV 2023 0042 | INV-2023-0042
        INV-2023-0042 | INV20230042
        INV20230042 | INV-2023-0042
        INV-2023-0042 | 0042
        AX-17/045-B | AX-17-045-B
        AX-17/045-B | AX 17 045 B
        AX-17/045-B | ax-17/045-b
        AX 17 045 B | AX-17/045-B
        ISO-9001 | ISO 9001
        ISO 9001 | ISO-9001
        ISO 9001 | iso9001
        ISO9001 | ISO 9001
        ISO9001 | 9001
        ISO-9001:2015 | ISO 9001:2015
        ISO 9001:2015 | ISO 9001
        ISO-9001:2015 | ISO-9001
        Form1040 | Form 1040
        Form 1040 | Form1040
        Form1040 | form
        Form 1040-SR | 1040-SR
        COVID-19 | covid19
        COVID-19 | covid 19
        A4 | a4
        results1 | results
        results¹ | results
        results1 | 1
        1990's | 1990
        2024年度 | 2024
        B-52 | B52
        10.1000/xyz123 | 10.1000/xyz123
    """,
    "names with marks": r"""
        C++ | C++
        C++ | c++
        C/C++ | C++
        C/C++ | C
        (C++) | c++
        C++17 | C++
        C++. | C++
        C# | c#
        C# and F# | F#
        .NET | .net
        ASP.NET | .NET
        .NET Core | .NET
        R&D | r&d
        R & D | R&D
        R&D | R & D
        AT&T | at&t
        Q&A | q&a
        A/B | a/b
        I/O | i/o
        node.js | nodejs
        Node.js | node.js
        node.js | node
        U.S.A. | USA
        USA | U.S.A.
        U.S. | US
        e.g. | eg
        Pagelens™ | pagelens
    """,
    "names of programs and files": r"""
        getUserName | getUserName
        getUserName | getusername
        getUserName | user
        get_user_name | getUserName
        getUserName | get_user_name
        get-user-name | getUserName
        get_user_name | user name
        HTTPServer | server
        PowerPoint | powerpoint
        PowerPoint | Power Point
        Powerpoint | PowerPoint
        McDonald | mcdonald
        iPhone | iphone
        iPhone | phone
        GmbH | gmbh
        src/main/file_name.py | file_name.py
        src/main/file_name.py | main
        src/main/file_name.py | src/main/file_name.py
        C:\\Users\\report.docx | report.docx
        report.pdf | report
        info@example.com | info@example.com
        info@example.com | example
        info@example.com | example.com
        https://www.example.com/a/b | example.com
        www.example.com | example.com
        and/or | or
    """,
    "scripts without spaces": r"""
        日本語 | 日本
        お茶を飲む | 茶
        東京都 | 京都
        Wi-Fi接続 | 接続
        iPhone15は | iphone
        ภาษาไทย | ภาษา
        ภาษาไทย | ไทย
        ປະເທດລາວ | ລາວ
        ភាសាខ្មែរ | ខ្មែរ
        မြန်မာဘာသာ | မြန်မာ
    """,
    "Korean": r"""
        보고서를 | 보고서
        보고서 | 보고서를
        연간보고서 | 보고서
        연간보고서를 | 보고서
    """,
    "English inflection": r"""
        Invoice | invoices
        invoices | Invoice
        report | reporting
        studies | study
        study | studies
        running | run
        stopped | stop
        boxes | box
        children | child
        child | children
        indices | index
        analyses | analysis
        harbours | harbour
        classes | class
        houses | house
        used | use
        lives | life
    """,
    "German inflection": r"""
        Rechnung | Rechnungen
        Rechnungen | Rechnung
        Häuser | Haus
        Haus | Häuser
        Kinder | Kind
        Straßen | Straße
        Verträge | Vertrag
        Vertrag | Verträge
        Bilder | Bild
        Autos | Auto
        Häusern | Haus
    """,
    "others": r"""
        to be or not to be | to be
        "report", | report
        Nr. 5 | 5
        Nr. 5 | Nr 5
    """,
}

DIFFERENT = {
    "letters": r"""
        й | и
        май | маи
        ガゴ | カゴ
        cat | car
        東京 | 東北
        日本 | 本日
        보고 | 보고서
        보고서 | 고서점
    """,
    "numbers": r"""
        5 km | 6 km
        5 km | 5 kg
        15 km | 5 km
        3.14 | 314
        0.125 | 125
        10:30 | 10.30
        8:15 | 8:16
        5'10 | 510
        $1,000 | $1,001
        $1,000 | $1
        1.000 | 1.001
        1,000 | 000
        1st | 1
        2nd | 2
        -5 °C | 5 kg
    """,
    "sections and versions": r"""
        § 14a | § 14
        § 14 | § 14a
        § 14a | 14
        § 14a | § 14b
        § 7g | § 7
        2.12.1 | 2.12
        2.12 | 2.12.1
        2.12.1 | 2121
        2.12.1 | 12.1
    """,
    "dates": r"""
        12.03.2024 | 03.12.2024
        12.03.2024 | 13.03.2024
        March 2024 | 12.03.2024
        April 2024 | 2024-03-12
    """,
    "accounts": r"""
        DE89 3704 0044 0532 0130 00 | DE89 3704 0044 0532 0130 01
        030 1234567 | 030 1234568
    """,
    "codes": r"""
        INV-2023-0042 | INV-2023-0043
        INV-2023-0042 | INV-2024-0042
        INV-0042-2023 | INV-2023-0042
        AX-17/045-B | AX-17/045-C
        AX-17/045 | AX-170/45
    """,
    "names with marks": r"""
        C++ | C
        C# | C
        C++ | C#
        C | C++
        C | C#
        F# | C#
        25 °C | C
        net income | .NET
        R and D | R&D
        A-B | A/B
        McDonald | donald duck
        we'll | well
        candle's | s
        l'eau | l
    """,
    "English words that only look akin": r"""
        universal | university
        universe | university
        organ | organization
        experience | experiment
        policy | police
        general | generation
        news | new
        unit | united
        corner | corn
        table | tablet
        planet | plan
        resume | resumption
        secretary | secret
        import | important
        past | paste
        plan | plane
        wing | win
        king | kin
        string | str
        need | nee
    """,
    "German and French words that only look akin": r"""
        Messe | Messer
        port | porte
        puerto | puerta
        Wetter | Wette
        Kellerei | Keller
    """,
}


def cases(table: dict[str, str]) -> list[object]:
    lines = [(kind, line) for kind, lines in table.items() for line in lines.strip().splitlines()]
    return [pytest.param(*_sides(line), id=f"{kind}: {line.strip()}") for kind, line in lines]


def _sides(line: str) -> tuple[str, str]:
    """The two texts of a line, in which `\\u00ad` stands for the character of that number."""
    for escape in dict.fromkeys(part[:4] for part in line.split("\\u")[1:]):
        line = line.replace(f"\\u{escape}", chr(int(escape, 16)))
    page, query = line.split(" | ")
    return page.strip(" "), query.strip(" ")


def stands_on(page: str, query: str) -> bool:
    tokens, asked = cut(page), cut_query(query)
    found = [word for word in asked if any(is_match(token, word) for token in tokens)]
    return bool(asked) and all(any(_is_in(word, other) for other in found) for word in asked)


def _is_in(word: Token, other: Token) -> bool:
    return other.start <= word.start and word.end <= other.end


@pytest.mark.parametrize(("page", "query"), cases(SAME))
def test_a_page_is_found_by_what_means_the_same(page: str, query: str) -> None:
    assert stands_on(page, query), (cut(page), cut_query(query))


@pytest.mark.parametrize(("page", "query"), cases(DIFFERENT))
def test_a_page_is_not_found_by_what_means_something_else(page: str, query: str) -> None:
    assert not stands_on(page, query), (cut(page), cut_query(query))
