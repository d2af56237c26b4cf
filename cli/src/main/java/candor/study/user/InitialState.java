package candor.study.user;

/**
 * Where a conversation starts. It does not depend on the type of the user, which is drawn later.
 *
 * @param id unique in a study
 * @param generator who wrote it: a model's name, or whatever the file says
 * @param userContext who the user is, in the third person
 * @param userPrompt the user's first message
 */
public record InitialState(String id, Scenario scenario, String generator, String userContext, String userPrompt) {}
