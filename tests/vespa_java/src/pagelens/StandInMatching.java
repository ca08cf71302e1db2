package pagelens;

import com.yahoo.document.Document;
import com.yahoo.document.datatypes.Array;
import com.yahoo.document.datatypes.BoolFieldValue;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.document.datatypes.IntegerFieldValue;
import com.yahoo.document.datatypes.NumericFieldValue;
import com.yahoo.prelude.query.AndItem;
import com.yahoo.prelude.query.AndSegmentItem;
import com.yahoo.prelude.query.BoolItem;
import com.yahoo.prelude.query.CompositeItem;
import com.yahoo.prelude.query.EquivItem;
import com.yahoo.prelude.query.FalseItem;
import com.yahoo.prelude.query.IntItem;
import com.yahoo.prelude.query.Item;
import com.yahoo.prelude.query.NearestNeighborItem;
import com.yahoo.prelude.query.NotItem;
import com.yahoo.prelude.query.NullItem;
import com.yahoo.prelude.query.NumericInItem;
import com.yahoo.prelude.query.OrItem;
import com.yahoo.prelude.query.PhraseItem;
import com.yahoo.prelude.query.PhraseSegmentItem;
import com.yahoo.prelude.query.PrefixItem;
import com.yahoo.prelude.query.RankItem;
import com.yahoo.prelude.query.RegExpItem;
import com.yahoo.prelude.query.StringInItem;
import com.yahoo.prelude.query.TrueItem;
import com.yahoo.prelude.query.WeakAndItem;
import com.yahoo.prelude.query.WordItem;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which documents match a query tree of Vespa's: ours, by looking at each of them.
 *
 * <p>Two things a content cluster approximates are exact here: weakAnd matches every document with
 * any of its words, not only the best, and nearestNeighbor finds the nearest without a graph.
 *
 * <p>As in Vespa an int attribute without a value has the least int there is, and nearestNeighbor
 * picks among those documents that the terms it is and-ed with let through.
 */
record StandInMatching(List<Document> documents, StandInFields fields, StandInNearest nearest) {

    private static final NumericFieldValue NO_NUMBER =
            new IntegerFieldValue(Integer.MIN_VALUE);

    /** The places in `documents` of those that match. */
    BitSet matches(Item root) {
        BitSet all = new BitSet();
        all.set(0, documents.size());
        return matches(root, all);
    }

    private BitSet matches(Item item, BitSet among) {
        if (item instanceof AndItem || item instanceof AndSegmentItem) {
            BitSet left = among;
            for (Item part : filtersFirst((CompositeItem) item)) {
                left = matches(part, left);
            }
            return left;
        }
        if (item instanceof OrItem || item instanceof WeakAndItem || item instanceof EquivItem) {
            BitSet found = new BitSet();
            ((CompositeItem) item).items().forEach(part -> found.or(matches(part, among)));
            return found;
        }
        if (item instanceof NotItem not) {
            BitSet found = (BitSet) matches(not.getPositiveItem(), among).clone();
            not.items().subList(1, not.getItemCount())
                    .forEach(part -> found.andNot(matches(part, among)));
            return found;
        }
        if (item instanceof RankItem rank) { // its other items only add to the rank
            return matches(rank.getItem(0), among);
        }
        if (item instanceof NearestNeighborItem near) {
            return nearest.among(documents, among, near);
        }
        Predicate<Document> condition = condition(item);
        BitSet found = new BitSet();
        among.stream().filter(i -> condition.test(documents.get(i))).forEach(found::set);
        return found;
    }

    private static List<Item> filtersFirst(CompositeItem item) {
        List<Item> parts = new ArrayList<>(item.items());
        parts.sort(Comparator.comparing(StandInMatching::hasNearest)); // stable
        return parts;
    }

    private static boolean hasNearest(Item item) {
        return item instanceof NearestNeighborItem
                || item instanceof CompositeItem all
                        && all.items().stream().anyMatch(StandInMatching::hasNearest);
    }

    private Predicate<Document> condition(Item item) {
        if (item instanceof TrueItem) {
            return document -> true;
        }
        if (item instanceof FalseItem || item instanceof NullItem) {
            return document -> false;
        }
        if (item instanceof BoolItem flag) {
            return document -> flag.value() == isTrue(document, flag.getIndexName());
        }
        if (item instanceof IntItem range) {
            return document -> numbers(document, range.getIndexName())
                    .anyMatch(number -> isInside(range, number));
        }
        if (item instanceof NumericInItem in) {
            return document -> numbers(document, in.getIndexName())
                    .anyMatch(number -> in.getTokens().contains(number.longValue()));
        }
        if (item instanceof StringInItem in) {
            return document -> in.getTokens().stream()
                    .anyMatch(token -> hasString(document, in.getIndexName(), token));
        }
        if (item instanceof RegExpItem term) {
            Pattern pattern = pattern(term, fields.isCased(term.getIndexName()));
            return document -> strings(document, term.getIndexName())
                    .anyMatch(text -> pattern.matcher(text).find());
        }
        if (item instanceof PhraseItem phrase) {
            return phrase(phrase.getIndexName(), phrase.items());
        }
        if (item instanceof PhraseSegmentItem phrase) {
            return phrase(phrase.getIndexName(), phrase.items());
        }
        if (item instanceof WordItem word && fields.isAttribute(word.getIndexName())) {
            return document -> hasString(document, word.getIndexName(), word);
        }
        if (item instanceof WordItem word) {
            return phrase(word.getIndexName(), List.of(word));
        }
        throw new UnsupportedOperationException(
                "The stand-in cannot match " + item.getClass().getSimpleName() + ": " + item);
    }

    static Pattern pattern(RegExpItem term, boolean isCased) {
        // whichever of the two asks for it, RE2 ignores the case of every letter
        int flags = Pattern.UNICODE_CASE | (isCased ? 0 : Pattern.CASE_INSENSITIVE);
        return Pattern.compile(term.getRegexp().pattern(), flags);
    }

    private Predicate<Document> phrase(String field, List<Item> parts) {
        List<String> words = parts.stream().map(part -> ((WordItem) part).getWord()).toList();
        return document -> fields.textFields(field).stream()
                .anyMatch(it -> Collections.indexOfSubList(fields.words(document, it), words) >= 0);
    }

    private boolean hasString(Document document, String field, WordItem word) {
        if (word instanceof PrefixItem) {
            String prefix = folded(field, word.getWord());
            return strings(document, field).anyMatch(it -> folded(field, it).startsWith(prefix));
        }
        return hasString(document, field, word.getWord());
    }

    private boolean hasString(Document document, String field, String wanted) {
        String text = folded(field, wanted);
        return strings(document, field).anyMatch(it -> folded(field, it).equals(text));
    }

    private String folded(String attribute, String text) {
        return fields.isCased(attribute) ? text : text.toLowerCase(Locale.ROOT);
    }

    private static boolean isInside(IntItem range, Number number) {
        double value = number.doubleValue(); // exact for what our fields count
        double from = range.getFromLimit().number().doubleValue();
        double to = range.getToLimit().number().doubleValue();
        return (range.getFromLimit().isInclusive() ? value >= from : value > from)
                && (range.getToLimit().isInclusive() ? value <= to : value < to);
    }

    private static boolean isTrue(Document document, String field) {
        return document.getFieldValue(field) instanceof BoolFieldValue flag && flag.getBoolean();
    }

    private static Stream<Number> numbers(Document document, String field) {
        return values(document, field, NO_NUMBER).map(it -> ((NumericFieldValue) it).getNumber());
    }

    private static Stream<String> strings(Document document, String field) {
        return values(document, field, null).map(FieldValue::toString);
    }

    private static Stream<FieldValue> values(Document document, String field, FieldValue missing) {
        FieldValue value = document.getFieldValue(field);
        if (value instanceof Array<?> array) {
            return array.stream().map(it -> it);
        }
        return Stream.ofNullable(value == null ? missing : value);
    }
}
