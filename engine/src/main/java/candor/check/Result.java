package candor.check;

/**
 * What became of one case.
 *
 * @param op      the operation
 * @param text    the case: sizes, types, forms
 * @param error   the error that comes closest to its bound, or NaN where the case never came so far
 * @param bound   what that error may be, or NaN
 * @param verdict pass, fail or skip
 * @param reason  why it failed or was skipped; empty where it passed
 */
public record Result(String op, String text, double error, double bound, Verdict verdict, String reason) {
    /** How a case ended. */
    public enum Verdict {
        PASS,
        FAIL,
        /** The backend says that it does not do this. */
        SKIP
    }

    static Result pass(Case of, Accuracy accuracy) {
        return new Result(of.op(), of.text(), accuracy.error(), accuracy.bound(), Verdict.PASS, "");
    }

    static Result fail(Case of, Accuracy accuracy, String reason) {
        return new Result(of.op(), of.text(), accuracy.error(), accuracy.bound(), Verdict.FAIL, reason);
    }

    static Result skip(Case of, String reason) {
        return new Result(of.op(), of.text(), Double.NaN, Double.NaN, Verdict.SKIP, reason);
    }
}
