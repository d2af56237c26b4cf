package candor.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;

/** First-fit decreasing (Johnson 1973): at most 11/9 of the fewest possible bins, and one more. */
final class FirstFit {
    private record Item(int row, int place, int size) {}

    private FirstFit() {}

    /**
     * Packs rows into bins: the longest first, each into the first bin with room. Inside a bin rows keep the order that
     * they were given in, and bins stand in the order of their first rows, so that length leaves no trace in the order.
     *
     * @param capacity at least the size of every row
     */
    static List<List<Integer>> decreasing(List<Integer> rows, ToIntFunction<Integer> size, int capacity) {
        List<Item> items = new ArrayList<>(rows.size());
        for (int place = 0; place < rows.size(); place++) {
            items.add(new Item(rows.get(place), place, size.applyAsInt(rows.get(place))));
        }
        // The sort is stable: rows of one length stay in their order.
        items.sort(Comparator.comparingInt(Item::size).reversed());
        List<List<Item>> bins = new ArrayList<>();
        int[] room = new int[items.size()];
        for (Item item : items) {
            int bin = 0;
            while (bin < bins.size() && room[bin] < item.size) {
                bin++;
            }
            if (bin == bins.size()) {
                bins.add(new ArrayList<>());
                room[bin] = capacity;
            }
            bins.get(bin).add(item);
            room[bin] -= item.size;
        }
        bins.forEach(bin -> bin.sort(Comparator.comparingInt(Item::place)));
        bins.sort(Comparator.comparingInt(bin -> bin.getFirst().place));
        return bins.stream().map(bin -> bin.stream().map(Item::row).toList()).toList();
    }
}
