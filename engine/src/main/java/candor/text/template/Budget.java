package candor.text.template;

/** Counts what a rendering uses against its {@link Limits}. */
final class Budget {
    private final Limits limits;
    private long steps;
    private int depth;

    Budget(Limits limits) {
        this.limits = limits;
    }

    void steps(long n) {
        steps += n;
        if (n < 0 || steps < 0 || steps > limits.steps()) {
            throw new TemplateError("the template takes more than " + limits.steps() + " steps");
        }
    }

    /** To be called before a string of n characters is made. */
    void characters(long n) {
        output(0, n);
    }

    /** To be called before {@code more} characters follow {@code length} others. */
    void output(long length, long more) {
        if (length + more > limits.characters()) {
            throw new TemplateError("the template makes a text of more than " + limits.characters() + " characters");
        }
        steps(more >> 3);
    }

    /** To be called before a naive search: its worst case is the product of both lengths. */
    void search(long haystack, long needle) {
        steps((haystack >> 6) + (Math.multiplyHigh(haystack, needle) > 0 ? limits.steps() : haystack * needle >> 8));
    }

    void enter() {
        steps(1);
        if (++depth > limits.depth()) {
            throw new TemplateError("the template nests deeper than " + limits.depth() + " levels");
        }
    }

    void leave() {
        depth--;
    }
}
