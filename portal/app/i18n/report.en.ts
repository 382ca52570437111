/** The form on the page of an error. */
export const reportEn = {
  number: (id: string) => `Number for support: ${id}`,
  open: "Tell us what happened",
  label: "What were you doing?",
  hint: "It goes to those who run this platform, together with the error. Please leave out passwords and other people’s details.",
  send: "Send",
  sent: "Thank you. It has been sent together with the error.",
  failed: "It could not be sent. Check the network and try again.",
};
