package pagelens;

import com.yahoo.document.Document;
import com.yahoo.document.datatypes.TensorFieldValue;
import com.yahoo.prelude.query.NearestNeighborItem;
import com.yahoo.search.Query;
import com.yahoo.tensor.MixedTensor;
import com.yahoo.tensor.Tensor;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

/**
 * nearestNeighbor by looking at every vector: the documents whose best vector differs from the
 * query's in the fewest bits. Vespa finds nearly the same with its graph.
 *
 * @param query holds the tensors that terms refer to
 */
record StandInNearest(Query query) {

    BitSet among(List<Document> documents, BitSet among, NearestNeighborItem near) {
        Tensor wanted = query.getRanking().getProperties()
                .getAsTensor(near.getQueryTensorName())
                .orElseThrow(); // there is one: Vespa's own searcher has looked
        double[] bytes = new double[(int) wanted.size()];
        Iterator<Double> values = wanted.valueIterator();
        Arrays.setAll(bytes, i -> values.next());
        Integer total = near.getTotalTargetHits();
        BitSet found = new BitSet();
        among.stream()
                .boxed()
                .map(i -> new Distance(i, distance(documents.get(i), near.getIndexName(), bytes)))
                .filter(it -> it.bits() < Double.POSITIVE_INFINITY)
                .sorted(Comparator.comparingDouble(Distance::bits)) // stable: ties by document id
                .limit(total != null ? total : near.getTargetHits())
                .forEach(it -> found.set(it.document()));
        return found;
    }

    private record Distance(int document, double bits) {}

    /** Differing bits of the nearest vector; infinite where there is none. */
    private static double distance(Document document, String field, double[] wanted) {
        if (!(document.getFieldValue(field) instanceof TensorFieldValue value)) {
            return Double.POSITIVE_INFINITY;
        }
        MixedTensor vectors = (MixedTensor) value.getTensor().orElseThrow();
        return vectors.getInternalDenseSubspaces().stream()
                .mapToDouble(vector -> differingBits(vector.cells, wanted))
                .min()
                .orElse(Double.POSITIVE_INFINITY);
    }

    private static int differingBits(double[] one, double[] other) {
        int bits = 0;
        for (int i = 0; i < one.length; i++) {
            bits += Integer.bitCount(((int) one[i] ^ (int) other[i]) & 0xFF);
        }
        return bits;
    }
}
