package candor.train;

import static org.assertj.core.api.Assertions.assertThat;

import candor.model.LayerWork;
import candor.model.Recomputation;
import candor.model.Recompute;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The choice beside all choices that there are. */
class FastestFitTest {
    private static final int LAYERS = 6;

    /** Bytes as tensors that are kept, or shared, take them; a layer's input is on the host where that is asked for. */
    private static long bytes(Recomputation recomputation, long light, long heavy, long input) {
        int full = recomputation.count(Recompute.FULL);
        int selective = recomputation.count(Recompute.SELECTIVE);
        int none = LAYERS - full - selective;
        return none * (light + heavy)
                + selective * heavy
                + (full > 0 ? heavy : 0)
                + (full + selective > 0 ? light : 0)
                - (recomputation.inputsOnHost() ? Math.max(0, full - 1) * input : 0);
    }

    private static List<Recomputation> all(boolean inputsOnHost) {
        List<List<Recompute>> lists = List.of(List.of());
        for (int layer = 0; layer < LAYERS; layer++) {
            List<List<Recompute>> longer = new ArrayList<>();
            for (List<Recompute> list : lists) {
                for (Recompute each : Recompute.values()) {
                    List<Recompute> next = new ArrayList<>(list);
                    next.add(each);
                    longer.add(next);
                }
            }
            lists = longer;
        }
        return lists.stream().map(list -> new Recomputation(list, inputsOnHost)).toList();
    }

    @Test
    void nothingThatFitsIsQuicker() {
        Random random = new Random(4);
        int mixed = 0;
        for (int trial = 0; trial < 60; trial++) {
            boolean away = trial % 3 == 0;
            List<LayerWork> selective = new ArrayList<>();
            List<LayerWork> full = new ArrayList<>();
            LayerWork small = new LayerWork(0, 1 + random.nextInt(100));
            for (int layer = 0; layer < LAYERS; layer++) {
                selective.add(small);
                full.add(new LayerWork(100 + random.nextInt(3000), 5 + random.nextInt(5)));
            }
            long light = 1 + random.nextInt(10);
            long heavy = 5 + random.nextInt(20);
            FastestFit fit = new FastestFit(selective, full, 8, 1, away);
            long room = light + heavy + random.nextInt((int) (LAYERS * (light + heavy)));
            Predicate<Recomputation> fits = each -> bytes(each, light, heavy, 2) <= room;
            Recomputation chosen = fit.choose(fits).orElse(null);
            double best =
                    all(away).stream().filter(fits).mapToDouble(fit::cost).min().orElse(Double.NaN);
            if (chosen == null) {
                assertThat(best).isNaN();
            } else {
                assertThat(fits.test(chosen)).isTrue();
                assertThat(fit.cost(chosen)).isEqualTo(best);
                mixed += chosen.text().contains(",") ? 1 : 0;
            }
        }
        assertThat(mixed).isGreaterThan(5);
    }

    @Test
    void whatNeverFitsIsNotChosen() {
        List<LayerWork> work = Collections.nCopies(LAYERS, new LayerWork(1, 1));
        assertThat(new FastestFit(work, work, 8, 1, false).choose(each -> false))
                .isEmpty();
    }
}
