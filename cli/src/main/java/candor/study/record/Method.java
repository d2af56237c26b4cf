package candor.study.record;

/** How an arm was tuned. */
public enum Method {
    SFT,
    KTO
}
