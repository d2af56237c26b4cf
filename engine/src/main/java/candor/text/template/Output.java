package candor.text.template;

/** Text on its way out, bounded. */
final class Output {
    private final StringBuilder text = new StringBuilder();
    private final Budget budget;

    Output(Budget budget) {
        this.budget = budget;
    }

    void append(String s) {
        budget.output(text.length(), s.length());
        text.append(s);
    }

    int length() {
        return text.length();
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
