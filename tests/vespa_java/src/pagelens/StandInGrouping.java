package pagelens;

import com.yahoo.document.Document;
import com.yahoo.document.datatypes.NumericFieldValue;
import com.yahoo.prelude.fastsearch.GroupingListHit;
import com.yahoo.search.Query;
import com.yahoo.search.grouping.vespa.GroupingExecutor;
import com.yahoo.searchlib.aggregation.AggregationResult;
import com.yahoo.searchlib.aggregation.CountAggregationResult;
import com.yahoo.searchlib.aggregation.Grouping;
import com.yahoo.searchlib.aggregation.SumAggregationResult;
import com.yahoo.searchlib.expression.AttributeNode;
import com.yahoo.searchlib.expression.IntegerResultNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts and sums over all that matched, as {@code all(output(count(), sum(field)))} asks for.
 *
 * <p>Vespa's own searcher above turns a request into aggregations and these into a group of the
 * answer; only the adding up is done here, for a grouping without levels.
 */
final class StandInGrouping {

    private StandInGrouping() {}

    static GroupingListHit over(List<Document> matching, Query query) {
        List<Grouping> answers = new ArrayList<>();
        for (Grouping request : GroupingExecutor.getGroupingList(query)) {
            if (!request.getLevels().isEmpty()) {
                throw new UnsupportedOperationException("The stand-in has no groups in groups.");
            }
            // the searcher above adds what comes back to what it sent: nothing, and then all of it
            request.getRoot().getAggregationResults().forEach(it -> aggregate(it, List.of()));
            Grouping answer = request.clone();
            answer.getRoot().getAggregationResults().forEach(it -> aggregate(it, matching));
            answers.add(answer);
        }
        return new GroupingListHit(answers);
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
