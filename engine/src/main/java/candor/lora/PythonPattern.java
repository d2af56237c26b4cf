package candor.lora;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression as Python writes it, out of a file that may be hostile: what two languages' expressions have in common
 * means the same, and a search that does not come to an end is given up.
 */
final class PythonPattern {
    /** Longer than any list of modules that somebody writes by hand. */
    private static final int MOST_CHARS = 4096;

    /** Looks at characters; a name of a module has 40, and an expression that is not out to harm needs a few hundred. */
    private static final int MOST_READS = 1_000_000;

    private final Pattern pattern;

    private PythonPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    /** What the expression is not, in words that continue "the key is VALUE, expected": thrown by all methods here. */
    static final class Unusable extends Exception {
        private static final long serialVersionUID = 1L;

        private Unusable(String expected) {
            super(expected);
        }
    }

    static PythonPattern of(String text) throws Unusable {
        if (text.length() > MOST_CHARS) {
            throw new Unusable("a regular expression of at most " + MOST_CHARS + " characters");
        }
        try {
            return new PythonPattern(Pattern.compile(text.replace("(?P<", "(?<").replace("\\Z", "\\z")));
        } catch (PatternSyntaxException e) {
            throw new Unusable("a regular expression");
        } catch (StackOverflowError e) {
            throw new Unusable("a regular expression that is less deeply nested");
        }
    }

    /** Python's {@code re.fullmatch}. */
    boolean fullMatch(String name) throws Unusable {
        return search(name, Matcher::matches) != null;
    }

    /** Python's {@code re.match(…).group(name)}: from the beginning, to wherever it ends; null where it does not match. */
    String groupAtStart(String name, String group) throws Unusable {
        Matcher matcher = search(name, Matcher::lookingAt);
        return matcher == null ? null : matcher.group(group);
    }

    /** Python's {@code re.match}. */
    boolean atStart(String name) throws Unusable {
        return search(name, Matcher::lookingAt) != null;
    }

    private interface Search {
        boolean in(Matcher matcher);
    }

    private Matcher search(String name, Search search) throws Unusable {
        try {
            Matcher matcher = pattern.matcher(new Counted(name));
            return search.in(matcher) ? matcher : null;
        } catch (TooLong | StackOverflowError e) {
            throw new Unusable("a regular expression that is quickly matched");
        }
    }

    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private TooLong() {
            super(null, null, false, false);
        }
    }

    /** Counts what a matcher looks at, since it cannot be stopped in another way. */
    private static final class Counted implements CharSequence {
        private final String text;
        private int reads;

        private Counted(String text) {
            this.text = text;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public char charAt(int index) {
            if (++reads > MOST_READS) {
                throw new TooLong();
            }
            return text.charAt(index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
