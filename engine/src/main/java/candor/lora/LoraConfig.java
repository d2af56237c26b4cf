package candor.lora;

import candor.BadInput;
import candor.model.Projection;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What an adapter looks like.
 *
 * @param rank           R, from 1 to {@value #MOST_RANK}
 * @param alpha          α, the numerator of the scale
 * @param rankStabilised whether the scale is α/√R (Kalajdzievski 2023) instead of α/R
 * @param projections    the linear layers that it sits on, in every decoder layer; at least one; iterated in the order
 *                       of {@link Projection}
 */
public record LoraConfig(int rank, double alpha, boolean rankStabilised, Set<Projection> projections) {
    public static final int MOST_RANK = 4096;

    /** The largest index of a layer that anybody means. */
    public static final int MOST_LAYER = 1 << 20;

    static final double LEAST_ALPHA = 1e-6;
    static final double MOST_ALPHA = 1e6;
    static final String ALL_LINEAR = "all-linear";

    /** @throws BadInput for a rank, an alpha or a set of projections that makes no adapter */
    public LoraConfig {
        if (rank < 1 || rank > MOST_RANK) {
            throw new BadInput("LoRA: rank is " + rank + ", expected 1 to " + MOST_RANK + "; choose another rank");
        }
        if (!(alpha >= LEAST_ALPHA && alpha <= MOST_ALPHA)) {
            throw new BadInput("LoRA: alpha is " + alpha + ", expected " + LEAST_ALPHA + " to " + MOST_ALPHA
                    + "; choose another alpha");
        }
        if (projections.isEmpty()) {
            throw new BadInput("LoRA: there are no target modules; name at least one of " + names());
        }
        projections = Collections.unmodifiableSet(EnumSet.copyOf(projections));
    }

    /** The projections of these names ({@code q_proj}, …), or all seven for {@code all-linear} alone. */
    public static Set<Projection> projections(Collection<String> names) {
        EnumSet<Projection> found = EnumSet.noneOf(Projection.class);
        for (String name : names) {
            if (name.equals(ALL_LINEAR)) {
                found.addAll(EnumSet.allOf(Projection.class));
                continue;
            }
            found.add(EnumSet.allOf(Projection.class).stream()
                    .filter(projection -> projection.peftName().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new BadInput("LoRA: target module " + name + " is not supported; take some of "
                            + names() + ", or " + ALL_LINEAR)));
        }
        return found;
    }

    static String names() {
        return String.join(
                ", ",
                EnumSet.allOf(Projection.class).stream()
                        .map(Projection::peftName)
                        .toList());
    }

    /** The factors of each linear layer. */
    public AdapterShape.Site site() {
        return new AdapterShape.Site(rank, alpha, rankStabilised);
    }

    /** What the product of the two factors is multiplied with: α/R, or α/√R. */
    public double scale() {
        return site().scale();
    }
}
