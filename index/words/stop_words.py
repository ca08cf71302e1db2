"""Which terms say how a sentence is built and not what it is about.

Function words alone: articles, pronouns, prepositions, conjunctions, auxiliaries, question words.
The lists are used together, because three words do not show their language; so a word that names a
thing in another of them stays out (French "car", German "war", Italian "ai", Dutch "van").
"""

import re

from index.words.spelling import canonical

FUNCTION_WORDS = """
a about after all also am an and any are as at be because been before being between both but by
can could did do does doing don't doesn't didn't isn't aren't wasn't down during each for from
further had has have having he her here hers him his how i if in into is it its itself just me
more most my no nor not of off on once only or other our ours out over own same shall she should
so some such than that the their theirs them then there these they this those through to too
under until up upon very was we were what when where which while who whom whose why will with
would you your yours ll re ve

aber als am an auch auf aus bei beim bis bist da damit dann das dass dein deine dem den denn der
des dessen die dies diese diesem diesen dieser dieses doch du durch ein eine einem einen einer
eines er es für gegen haben hatte hatten ich ihm ihn ihr ihre ihrem ihren ihrer im in ins ist ja
jede jedem jeden jeder jedes kann kein keine können mehr mein meine mich mir mit nach nicht noch
nur ob oder ohne sehr sein seine seinem seinen seiner sich sie sind so sowie über um und uns
unser unsere unter vom von vor waren warum was weil welche welchem welchen welcher welches wenn
wer werden wie wieder wir wird wo wurde wurden zu zum zur zwischen

au aux avec ce ces cet cette ceux comme dans de des dont du elle elles en est et était été être
eux il ils je la le les leur leurs lui ma mes moi ne nos notre nous où par pas pour qu qu'il
qu'elle quand que quel quelle quelles quels qui quoi sa sans se ses si sont sur ta te tes toi
très tu un une vos votre vous y

al algo como con contra cual cuales cuando de del desde donde dos el ella ellas ellos en entre
es esa ese eso esta está están este esto estos estas fue ha hasta la las le les lo los más me mi
muy ni no nos o otra otro para pero por porque que qué quien se ser si sí sobre su sus también
te tiene tu un una unas uno unos y ya

agli al alla alle allo anche che chi ci come con cui da dagli dai dal dall dalla dalle degli dei
del dell della delle dello di e è ed essere gli ha hanno i il in io l la le lo loro ma mi nei
nel nell nella nelle non o per perché più quale quali quando quella quelle quelli quello questa
queste questi questo se si sia sono su sua sue sugli sui sul sull sulla sulle suo suoi tra un
una uno

a ao aos as até com como da das de dele deles do dos e é ela elas ele eles em entre essa esse
esta este foi isso isto já lhe mas me mesmo na não nas no nos o ou para pela pelas pelo pelos
por qual quando que quem se sem ser seu seus são só sua suas também te tem um uma você

aan al als bij dan dat de der deze die dit een en er had heb hebben heeft het hij hoe hun ik in
is je kan maar meer met mijn naar niet nog nu of om onder ons onze ook op over te tegen tot uit
veel voor waar wanneer wat we wel werd wie wij worden wordt zal ze zich zij zijn zo zonder
"""

_STOP_WORDS = frozenset(canonical(word).replace("'", "") for word in FUNCTION_WORDS.split())
_HIRAGANA = re.compile("[぀-ゟ]+")


def is_stop_word(term: str) -> bool:
    """Whether a term, in canonical spelling, is a function word.

    Japanese writes particles and endings in hiragana and most names of things in kanji or
    katakana, so a pair of hiragana alone counts as a function word.

    >>> is_stop_word("fur"), is_stop_word("verwaltung"), is_stop_word("です")
    (True, False, True)
    """
    return term in _STOP_WORDS or _HIRAGANA.fullmatch(term) is not None
