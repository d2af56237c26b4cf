package candor.study.loop;

import candor.study.user.InitialState;
import candor.study.user.UserType;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who of the users is biased: round(ρ·N) of the N states, drawn by a seed. Under one seed the biased of a smaller ratio are
 * among those of every larger one, so that what differs between two arms is the added share alone.
 */
final class Population {
    private final Set<String> biased;

    private Population(Set<String> biased) {
        this.biased = biased;
    }

    static Population of(List<InitialState> states, double ratio, long seed) {
        int wanted = (int) Math.round(ratio * states.size());
        List<String> drawn = states.stream()
                .map(InitialState::id)
                .sorted(Comparator.<String>comparingLong(id -> LoopSeeds.of(seed, "population", id))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(wanted)
                .toList();
        return new Population(new HashSet<>(drawn));
    }

    UserType type(InitialState state) {
        return biased.contains(state.id()) ? UserType.BIASED : UserType.BENIGN;
    }
}
