package candor.train.config;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What a name that users know from another program means here. */
public sealed interface Familiar {
    /** The name in snake case. */
    String name();

    /** Whether this says anything to those who have only these settings. */
    boolean concerns(Collection<String> known);

    /**
     * One of our settings under another name.
     *
     * @param keys  ours; the first that the command has is meant
     * @param yesNo whether it is a flag, whose value may be left out for "true"
     * @param words our values for words of theirs in lower case; other values stay as they are
     */
    record Renamed(String name, List<String> keys, boolean yesNo, Map<String, String> words) implements Familiar {
        @Override
        public boolean concerns(Collection<String> known) {
            return keys.stream().anyMatch(known::contains);
        }

        /** Our key. */
        public String key(Collection<String> known) {
            return keys.stream().filter(known::contains).findFirst().orElseThrow();
        }

        /** Our values for theirs. */
        public List<String> values(List<String> texts) {
            return texts.stream()
                    .map(text -> words.getOrDefault(text.strip().toLowerCase(Locale.ROOT), text))
                    .toList();
        }
    }

    /**
     * A flag of theirs that stands for one value of a setting of ours. Denied, it says nothing: files for other programs often have
     * two of the kind, of which one is meant.
     */
    record Meant(String name, String key, String value) implements Familiar {
        @Override
        public boolean concerns(Collection<String> known) {
            return known.contains(key);
        }
    }

    /**
     * A setting that has one value here: that one is taken, another is refused.
     *
     * @param keys   it concerns whoever has one of these
     * @param yesNo  whether it is a flag, whose value may be left out for "true"
     * @param values in lower case, what may be asked for
     * @param told   whether the user is told how it is even so
     * @param why    how it is
     */
    record Fixed(String name, List<String> keys, boolean yesNo, Set<String> values, boolean told, String why)
            implements Familiar {
        @Override
        public boolean concerns(Collection<String> known) {
            return keys.stream().anyMatch(known::contains);
        }

        /** Whether this may be asked for. */
        public boolean takes(List<String> texts) {
            return texts.stream().allMatch(text -> values.contains(text.strip().toLowerCase(Locale.ROOT)));
        }
    }

    /**
     * What is not here.
     *
     * @param instead that it is not, and the nearest that works
     */
    record Missing(String name, String instead) implements Familiar {
        private static final Set<String> NONE = Set.of("false", "none", "no");

        /** Whether it is asked for at all: files for other programs often say that it shall not be. */
        public boolean asked(List<String> texts) {
            return !texts.stream().allMatch(text -> NONE.contains(text.strip().toLowerCase(Locale.ROOT)));
        }

        @Override
        public boolean concerns(Collection<String> known) {
            return true;
        }
    }
}
