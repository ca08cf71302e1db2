package pagelens;

import com.yahoo.document.ArrayDataType;
import com.yahoo.document.DataType;
import com.yahoo.document.Document;
import com.yahoo.document.datatypes.Array;
import com.yahoo.document.datatypes.FieldValue;
import com.yahoo.document.datatypes.NumericFieldValue;
import com.yahoo.prelude.fastsearch.GroupingListHit;
import com.yahoo.search.Query;
import com.yahoo.search.grouping.vespa.GroupingExecutor;
import com.yahoo.searchlib.aggregation.AggregationResult;
import com.yahoo.searchlib.aggregation.CountAggregationResult;
import com.yahoo.searchlib.aggregation.Group;
import com.yahoo.searchlib.aggregation.Grouping;
import com.yahoo.searchlib.aggregation.GroupingLevel;
import com.yahoo.searchlib.aggregation.SumAggregationResult;
import com.yahoo.searchlib.expression.AttributeNode;
import com.yahoo.searchlib.expression.ConstantNode;
import com.yahoo.searchlib.expression.ExpressionNode;
import com.yahoo.searchlib.expression.IntegerResultNode;
import com.yahoo.searchlib.expression.MinFunctionNode;
import com.yahoo.searchlib.expression.ResultNode;
import com.yahoo.searchlib.expression.StringResultNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts and sums over all that matched, as {@code all(output(count(), sum(field)))} asks for, or
 * over those of each value of an attribute: {@code all(group(field) each(output(count())))}.
 *
 * <p>Vespa's own searcher above turns a request into aggregations and these into groups of the
 * answer; only the adding up is done here.
 */
final class StandInGrouping {

    private StandInGrouping() {}

    static GroupingListHit over(List<Document> matching, Query query) {
        List<Grouping> answers = new ArrayList<>();
        for (Grouping request : GroupingExecutor.getGroupingList(query)) {
            if (request.getLevels().size() > 1) {
                throw new UnsupportedOperationException("The stand-in has no groups in groups.");
            }
            // the searcher above adds what comes back to what it sent: nothing, and then all of it
            request.getRoot().getAggregationResults().forEach(it -> aggregate(it, List.of()));
            Grouping answer = request.clone();
            answer.getRoot().getAggregationResults().forEach(it -> aggregate(it, matching));
            answer.getLevels().forEach(it -> split(it, matching).forEach(answer.getRoot()::addChild));
            answers.add(answer);
        }
        return new GroupingListHit(answers);
    }

    /**
     * A group for each value, in order of value; that of a document without one is "". A document
     * is in the groups of each value of an array, and in none where it has none.
     */
    private static List<Group> split(GroupingLevel level, List<Document> matching) {
        Map<String, List<Document>> byValue = new TreeMap<>();
        Map<String, ResultNode> ids = new TreeMap<>();
        for (Document document : matching) {
            for (ResultNode id : values(document, level.getExpression())) {
                String value = id.getString();
                ids.put(value, id);
                byValue.computeIfAbsent(value, it -> new ArrayList<>()).add(document);
            }
        }
        List<Group> groups = new ArrayList<>();
        byValue.forEach((value, documents) -> {
            Group group = level.getGroupPrototype().clone().setId(ids.get(value));
            group.getAggregationResults().forEach(it -> aggregate(it, documents));
            groups.add(group);
        });
        return groups;
    }

    /** Of an attribute, or of the least of an attribute that is a number and a constant. */
    private static List<ResultNode> values(Document document, ExpressionNode by) {
        if (by instanceof MinFunctionNode least) {
            long most = ((ConstantNode) least.getArg(1)).getValue().getInteger();
            return values(document, least.getArg(0)).stream()
                    .<ResultNode>map(it -> new IntegerResultNode(Math.min(it.getInteger(), most)))
                    .toList();
        }
        return values(document, ((AttributeNode) by).getAttributeName());
    }

    /** As Vespa has them: of an int that was not put the least there is. */
    private static List<ResultNode> values(Document document, String field) {
        FieldValue value = document.getFieldValue(field);
        if (document.getField(field).getDataType() instanceof ArrayDataType) {
            return value == null
                    ? List.of()
                    : ((Array<?>) value).stream().<ResultNode>map(
                            it -> new StringResultNode(it.toString())).toList();
        }
        if (document.getField(field).getDataType() == DataType.INT) {
            return List.of(new IntegerResultNode(value == null
                    ? Integer.MIN_VALUE
                    : ((NumericFieldValue) value).getNumber().longValue()));
        }
        return List.of(new StringResultNode(value == null ? "" : value.toString()));
    }

    private static void aggregate(AggregationResult result, List<Document> matching) {
        if (result instanceof CountAggregationResult count) {
            count.setCount(matching.size());
        } else if (result instanceof SumAggregationResult sum) {
            String field = ((AttributeNode) sum.getExpression()).getAttributeName();
            sum.setSum(new IntegerResultNode(matching.stream()
                    .map(document -> (NumericFieldValue) document.getFieldValue(field))
                    .mapToLong(value -> value == null ? 0 : value.getNumber().longValue())
                    .sum()));
        } else {
            throw new UnsupportedOperationException(
                    "The stand-in has no " + result.getClass().getSimpleName());
        }
    }
}
