/** The part of nodemailer that is used here (https://nodemailer.com/smtp). */
declare module "nodemailer" {
  export type Transport = {
    verify(): Promise<unknown>;
    sendMail(mail: {
      from: string;
      to: { name: string; address: string };
      subject: string;
      text?: string;
      html?: string;
      messageId?: string;
      headers?: Record<string, string>;
    }): Promise<unknown>;
  };
  export function createTransport(options: {
    host: string;
    port: number;
    secure: boolean;
    requireTLS: boolean;
    auth?: { user: string; pass: string };
    connectionTimeout: number;
    greetingTimeout: number;
    socketTimeout: number;
    disableFileAccess: boolean;
    disableUrlAccess: boolean;
  }): Transport;
}
