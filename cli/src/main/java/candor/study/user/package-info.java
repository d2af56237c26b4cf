/**
 * The simulated user of a conversation: a {@link candor.study.user.Dialogue} began at an {@link candor.study.user.InitialState}, a {@link
 * candor.study.user.SimulatedUser} says what comes next and how satisfied it is. {@link candor.study.user.UserRules} make one of a closed
 * world, such as the tiny world's adviser has.
 */
package candor.study.user;
