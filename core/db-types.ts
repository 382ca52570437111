// Written by `npm run db:types` from supabase/migrations. Do not edit.
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  public: {
    Tables: {
      agent_origins: {
        Row: {
          agent_id: string;
          org_id: string;
          origin: string;
          created_at: string;
        };
        Insert: {
          agent_id: string;
          org_id: string;
          origin: string;
          created_at?: string;
        };
        Update: {
          agent_id?: string;
          org_id?: string;
          origin?: string;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "agent_origins_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      agent_secrets: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          name: string;
          sealed: string;
          last_four: string;
          created_by: string | null;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          name: string;
          sealed: string;
          last_four?: string;
          created_by?: string | null;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          name?: string;
          sealed?: string;
          last_four?: string;
          created_by?: string | null;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "agent_secrets_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      agent_versions: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          number: number;
          settings: Json;
          created_by: string | null;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          number: number;
          settings: Json;
          created_by?: string | null;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          number?: number;
          settings?: Json;
          created_by?: string | null;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "agent_versions_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      agents: {
        Row: {
          id: string;
          org_id: string;
          public_id: string;
          name: string;
          status: string;
          published_version_id: string | null;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          public_id?: string;
          name: string;
          status?: string;
          published_version_id?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          public_id?: string;
          name?: string;
          status?: string;
          published_version_id?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Relationships: [
          { foreignKeyName: "agents_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
          { foreignKeyName: "agents_published_version_fkey"; columns: ["id","published_version_id"]; isOneToOne: false; referencedRelation: "agent_versions"; referencedColumns: ["agent_id","id"] },
        ];
      };
      api_keys: {
        Row: {
          id: string;
          org_id: string;
          name: string;
          key_hash: string;
          last_four: string;
          scopes: string[];
          created_by: string | null;
          created_at: string;
          last_used_at: string | null;
          revoked_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          name: string;
          key_hash: string;
          last_four: string;
          scopes?: string[];
          created_by?: string | null;
          created_at?: string;
          last_used_at?: string | null;
          revoked_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          name?: string;
          key_hash?: string;
          last_four?: string;
          scopes?: string[];
          created_by?: string | null;
          created_at?: string;
          last_used_at?: string | null;
          revoked_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "api_keys_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      audit_log: {
        Row: {
          id: string;
          org_id: string;
          actor_id: string | null;
          action: string;
          subject_type: string;
          subject_id: string | null;
          detail: Json;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          actor_id?: string | null;
          action: string;
          subject_type: string;
          subject_id?: string | null;
          detail?: Json;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          actor_id?: string | null;
          action?: string;
          subject_type?: string;
          subject_id?: string | null;
          detail?: Json;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "audit_log_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      budget_counters: {
        Row: {
          org_id: string;
          budget_id: string;
          holder: string;
          period_start: string;
          used: number;
        };
        Insert: {
          org_id: string;
          budget_id: string;
          holder: string;
          period_start: string;
          used?: number;
        };
        Update: {
          org_id?: string;
          budget_id?: string;
          holder?: string;
          period_start?: string;
          used?: number;
        };
        Relationships: [
          { foreignKeyName: "budget_counters_org_id_budget_id_fkey"; columns: ["org_id","budget_id"]; isOneToOne: false; referencedRelation: "budgets"; referencedColumns: ["org_id","id"] },
        ];
      };
      budget_holds: {
        Row: {
          run_id: string;
          org_id: string;
          budget_id: string;
          holder: string;
          period_start: string;
          amount: number;
          held_until: string;
        };
        Insert: {
          run_id: string;
          org_id: string;
          budget_id: string;
          holder: string;
          period_start: string;
          amount: number;
          held_until: string;
        };
        Update: {
          run_id?: string;
          org_id?: string;
          budget_id?: string;
          holder?: string;
          period_start?: string;
          amount?: number;
          held_until?: string;
        };
        Relationships: [
          { foreignKeyName: "budget_holds_org_id_budget_id_holder_fkey"; columns: ["org_id","budget_id","holder"]; isOneToOne: false; referencedRelation: "budget_counters"; referencedColumns: ["org_id","budget_id","holder"] },
        ];
      };
      budgets: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string | null;
          api_key_id: string | null;
          each_visitor: boolean;
          subject: string;
          metric: string;
          limit_value: number;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id?: string | null;
          api_key_id?: string | null;
          each_visitor?: boolean;
          metric: string;
          limit_value: number;
          created_at?: string;
          updated_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string | null;
          api_key_id?: string | null;
          each_visitor?: boolean;
          metric?: string;
          limit_value?: number;
          created_at?: string;
          updated_at?: string;
        };
        Relationships: [
          { foreignKeyName: "budgets_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "budgets_org_id_api_key_id_fkey"; columns: ["org_id","api_key_id"]; isOneToOne: false; referencedRelation: "api_keys"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "budgets_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      chunks: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          source_id: string;
          source_version_id: string;
          position: number;
          heading_path: string[];
          page: number | null;
          char_start: number;
          char_end: number;
          body: string;
          language: string | null;
          content_hash: string;
          search: unknown;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          source_id: string;
          source_version_id: string;
          position: number;
          heading_path?: string[];
          page?: number | null;
          char_start: number;
          char_end: number;
          body: string;
          language?: string | null;
          content_hash: string;
          search: unknown;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          source_id?: string;
          source_version_id?: string;
          position?: number;
          heading_path?: string[];
          page?: number | null;
          char_start?: number;
          char_end?: number;
          body?: string;
          language?: string | null;
          content_hash?: string;
          search?: unknown;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "chunks_org_id_source_version_id_fkey"; columns: ["org_id","source_version_id"]; isOneToOne: false; referencedRelation: "source_versions"; referencedColumns: ["org_id","id"] },
        ];
      };
      citations: {
        Row: {
          message_id: string;
          org_id: string;
          index: number;
          source_id: string | null;
          chunk_id: string | null;
          title: string;
          url: string | null;
          page: number | null;
          heading_path: string[];
          quote: string;
          passage: string;
          char_start: number;
          char_end: number;
        };
        Insert: {
          message_id: string;
          org_id: string;
          index: number;
          source_id?: string | null;
          chunk_id?: string | null;
          title: string;
          url?: string | null;
          page?: number | null;
          heading_path?: string[];
          quote: string;
          passage: string;
          char_start: number;
          char_end: number;
        };
        Update: {
          message_id?: string;
          org_id?: string;
          index?: number;
          source_id?: string | null;
          chunk_id?: string | null;
          title?: string;
          url?: string | null;
          page?: number | null;
          heading_path?: string[];
          quote?: string;
          passage?: string;
          char_start?: number;
          char_end?: number;
        };
        Relationships: [
          { foreignKeyName: "citations_org_id_message_id_fkey"; columns: ["org_id","message_id"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["org_id","id"] },
        ];
      };
      connection_sign_ins: {
        Row: {
          state_hash: string;
          org_id: string;
          user_id: string;
          session_hash: string;
          crm: string;
          cloud: string;
          domain: string | null;
          sealed_verifier: string;
          connection_id: string | null;
          created_at: string;
          expires_at: string;
          used_at: string | null;
        };
        Insert: {
          state_hash: string;
          org_id: string;
          user_id: string;
          session_hash: string;
          crm: string;
          cloud: string;
          domain?: string | null;
          sealed_verifier: string;
          connection_id?: string | null;
          created_at?: string;
          expires_at?: string;
          used_at?: string | null;
        };
        Update: {
          state_hash?: string;
          org_id?: string;
          user_id?: string;
          session_hash?: string;
          crm?: string;
          cloud?: string;
          domain?: string | null;
          sealed_verifier?: string;
          connection_id?: string | null;
          created_at?: string;
          expires_at?: string;
          used_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "connection_sign_ins_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "connection_sign_ins_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      connections: {
        Row: {
          id: string;
          org_id: string;
          crm: string;
          cloud: string;
          name: string;
          account_id: string;
          account_name: string;
          account_url: string | null;
          status: string;
          grant_kind: string;
          sealed_grant: string;
          grant_generation: number;
          grant_expires_at: string | null;
          refreshing_until: string | null;
          refresh_began_at: string | null;
          sealed_inbound_secret: string | null;
          inbound_subscription: string | null;
          settings: Json;
          last_push_at: string | null;
          last_pull_at: string | null;
          last_event_at: string | null;
          error_code: string | null;
          error_detail: string | null;
          failing_since: string | null;
          created_by: string | null;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          crm: string;
          cloud?: string;
          name: string;
          account_id: string;
          account_name?: string;
          account_url?: string | null;
          status?: string;
          grant_kind: string;
          sealed_grant: string;
          grant_generation?: number;
          grant_expires_at?: string | null;
          refreshing_until?: string | null;
          refresh_began_at?: string | null;
          sealed_inbound_secret?: string | null;
          inbound_subscription?: string | null;
          settings: Json;
          last_push_at?: string | null;
          last_pull_at?: string | null;
          last_event_at?: string | null;
          error_code?: string | null;
          error_detail?: string | null;
          failing_since?: string | null;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          crm?: string;
          cloud?: string;
          name?: string;
          account_id?: string;
          account_name?: string;
          account_url?: string | null;
          status?: string;
          grant_kind?: string;
          sealed_grant?: string;
          grant_generation?: number;
          grant_expires_at?: string | null;
          refreshing_until?: string | null;
          refresh_began_at?: string | null;
          sealed_inbound_secret?: string | null;
          inbound_subscription?: string | null;
          settings?: Json;
          last_push_at?: string | null;
          last_pull_at?: string | null;
          last_event_at?: string | null;
          error_code?: string | null;
          error_detail?: string | null;
          failing_since?: string | null;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Relationships: [
          { foreignKeyName: "connections_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      conversations: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          visitor_id: string | null;
          client_id: string;
          channel: string;
          title: string | null;
          locale: string | null;
          page_url: string | null;
          message_count: number;
          created_by: string | null;
          created_at: string;
          last_message_at: string;
          summary: string | null;
          summary_until: string | null;
          ended_at: string | null;
          ended_by: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          visitor_id?: string | null;
          client_id: string;
          channel?: string;
          title?: string | null;
          locale?: string | null;
          page_url?: string | null;
          message_count?: number;
          created_by?: string | null;
          created_at?: string;
          last_message_at?: string;
          summary?: string | null;
          summary_until?: string | null;
          ended_at?: string | null;
          ended_by?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          visitor_id?: string | null;
          client_id?: string;
          channel?: string;
          title?: string | null;
          locale?: string | null;
          page_url?: string | null;
          message_count?: number;
          created_by?: string | null;
          created_at?: string;
          last_message_at?: string;
          summary?: string | null;
          summary_until?: string | null;
          ended_at?: string | null;
          ended_by?: string | null;
        };
        Relationships: [
          { foreignKeyName: "conversations_agent_id_visitor_id_fkey"; columns: ["agent_id","visitor_id"]; isOneToOne: false; referencedRelation: "visitors"; referencedColumns: ["agent_id","id"] },
          { foreignKeyName: "conversations_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      crm_contacts: {
        Row: {
          id: string;
          org_id: string;
          connection_id: string;
          external_id: string;
          name: string | null;
          email: string | null;
          phone: string | null;
          phone_key: string | null;
          fields: Json;
          url: string | null;
          changed_at: string;
          deleted_at: string | null;
          fetched_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          connection_id: string;
          external_id: string;
          name?: string | null;
          email?: string | null;
          phone?: string | null;
          phone_key?: string | null;
          fields?: Json;
          url?: string | null;
          changed_at: string;
          deleted_at?: string | null;
          fetched_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          connection_id?: string;
          external_id?: string;
          name?: string | null;
          email?: string | null;
          phone?: string | null;
          phone_key?: string | null;
          fields?: Json;
          url?: string | null;
          changed_at?: string;
          deleted_at?: string | null;
          fetched_at?: string;
        };
        Relationships: [
          { foreignKeyName: "crm_contacts_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
        ];
      };
      crm_erasures: {
        Row: {
          id: string;
          org_id: string;
          connection_id: string;
          object: string;
          external_id: string;
          status: string;
          error_code: string | null;
          asked_at: string;
          ended_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          connection_id: string;
          object: string;
          external_id: string;
          status?: string;
          error_code?: string | null;
          asked_at?: string;
          ended_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          connection_id?: string;
          object?: string;
          external_id?: string;
          status?: string;
          error_code?: string | null;
          asked_at?: string;
          ended_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "crm_erasures_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
        ];
      };
      crm_links: {
        Row: {
          id: string;
          org_id: string;
          connection_id: string;
          object: string;
          visitor_id: string | null;
          conversation_id: string | null;
          external_id: string | null;
          url: string | null;
          ours: boolean;
          pushed_hash: string | null;
          begun_at: string;
          pushed_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          connection_id: string;
          object: string;
          visitor_id?: string | null;
          conversation_id?: string | null;
          external_id?: string | null;
          url?: string | null;
          ours?: boolean;
          pushed_hash?: string | null;
          begun_at?: string;
          pushed_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          connection_id?: string;
          object?: string;
          visitor_id?: string | null;
          conversation_id?: string | null;
          external_id?: string | null;
          url?: string | null;
          ours?: boolean;
          pushed_hash?: string | null;
          begun_at?: string;
          pushed_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "crm_links_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
        ];
      };
      crm_pulls: {
        Row: {
          connection_id: string;
          org_id: string;
          mode: string;
          since: string | null;
          cursor: string | null;
          high_water: string | null;
          pages: number;
          contacts: number;
          total: number | null;
          lease: string | null;
          lease_until: string | null;
          began_at: string;
          moved_at: string;
          ended_at: string | null;
          due_at: string;
        };
        Insert: {
          connection_id: string;
          org_id: string;
          mode?: string;
          since?: string | null;
          cursor?: string | null;
          high_water?: string | null;
          pages?: number;
          contacts?: number;
          total?: number | null;
          lease?: string | null;
          lease_until?: string | null;
          began_at?: string;
          moved_at?: string;
          ended_at?: string | null;
          due_at?: string;
        };
        Update: {
          connection_id?: string;
          org_id?: string;
          mode?: string;
          since?: string | null;
          cursor?: string | null;
          high_water?: string | null;
          pages?: number;
          contacts?: number;
          total?: number | null;
          lease?: string | null;
          lease_until?: string | null;
          began_at?: string;
          moved_at?: string;
          ended_at?: string | null;
          due_at?: string;
        };
        Relationships: [
          { foreignKeyName: "crm_pulls_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
        ];
      };
      crm_pushes: {
        Row: {
          id: string;
          org_id: string;
          connection_id: string;
          conversation_id: string;
          reasons: string[];
          status: string;
          asked: number;
          done: number;
          attempts: number;
          lease_until: string | null;
          error_code: string | null;
          error_detail: string | null;
          written: Json;
          asked_at: string;
          ended_at: string | null;
          lease: string | null;
          identity: string[];
        };
        Insert: {
          id?: string;
          org_id: string;
          connection_id: string;
          conversation_id: string;
          reasons?: string[];
          status?: string;
          asked?: number;
          done?: number;
          attempts?: number;
          lease_until?: string | null;
          error_code?: string | null;
          error_detail?: string | null;
          written?: Json;
          asked_at?: string;
          ended_at?: string | null;
          lease?: string | null;
          identity?: string[];
        };
        Update: {
          id?: string;
          org_id?: string;
          connection_id?: string;
          conversation_id?: string;
          reasons?: string[];
          status?: string;
          asked?: number;
          done?: number;
          attempts?: number;
          lease_until?: string | null;
          error_code?: string | null;
          error_detail?: string | null;
          written?: Json;
          asked_at?: string;
          ended_at?: string | null;
          lease?: string | null;
          identity?: string[];
        };
        Relationships: [
          { foreignKeyName: "crm_pushes_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "crm_pushes_org_id_conversation_id_fkey"; columns: ["org_id","conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["org_id","id"] },
        ];
      };
      embeddings: {
        Row: {
          chunk_id: string;
          org_id: string;
          agent_id: string;
          model: string;
          dims: number;
          embedding: string;
          created_at: string;
        };
        Insert: {
          chunk_id: string;
          org_id: string;
          agent_id: string;
          model: string;
          dims: number;
          embedding: string;
          created_at?: string;
        };
        Update: {
          chunk_id?: string;
          org_id?: string;
          agent_id?: string;
          model?: string;
          dims?: number;
          embedding?: string;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "embeddings_org_id_chunk_id_fkey"; columns: ["org_id","chunk_id"]; isOneToOne: false; referencedRelation: "chunks"; referencedColumns: ["org_id","id"] },
        ];
      };
      feedback: {
        Row: {
          message_id: string;
          org_id: string;
          rating: string;
          comment: string | null;
          created_at: string;
        };
        Insert: {
          message_id: string;
          org_id: string;
          rating: string;
          comment?: string | null;
          created_at?: string;
        };
        Update: {
          message_id?: string;
          org_id?: string;
          rating?: string;
          comment?: string | null;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "feedback_org_id_message_id_fkey"; columns: ["org_id","message_id"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["org_id","id"] },
        ];
      };
      handoffs: {
        Row: {
          id: string;
          org_id: string;
          conversation_id: string;
          agent_id: string;
          state: string;
          reason: string | null;
          requested_at: string;
          resolved_at: string | null;
          resolved_by: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          conversation_id: string;
          agent_id: string;
          state?: string;
          reason?: string | null;
          requested_at?: string;
          resolved_at?: string | null;
          resolved_by?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          conversation_id?: string;
          agent_id?: string;
          state?: string;
          reason?: string | null;
          requested_at?: string;
          resolved_at?: string | null;
          resolved_by?: string | null;
        };
        Relationships: [
          { foreignKeyName: "handoffs_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "handoffs_org_id_conversation_id_fkey"; columns: ["org_id","conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["org_id","id"] },
        ];
      };
      idempotency_keys: {
        Row: {
          org_id: string;
          scope: string;
          key: string;
          request_hash: string;
          run_id: string | null;
          created_at: string;
          source_id: string | null;
          endpoint_id: string | null;
        };
        Insert: {
          org_id: string;
          scope: string;
          key: string;
          request_hash: string;
          run_id?: string | null;
          created_at?: string;
          source_id?: string | null;
          endpoint_id?: string | null;
        };
        Update: {
          org_id?: string;
          scope?: string;
          key?: string;
          request_hash?: string;
          run_id?: string | null;
          created_at?: string;
          source_id?: string | null;
          endpoint_id?: string | null;
        };
        Relationships: [
          { foreignKeyName: "idempotency_keys_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
          { foreignKeyName: "idempotency_keys_org_id_run_id_fkey"; columns: ["org_id","run_id"]; isOneToOne: false; referencedRelation: "runs"; referencedColumns: ["org_id","id"] },
        ];
      };
      identity_keys: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          name: string;
          algorithm: string;
          sealed_secret: string | null;
          public_key: string | null;
          last_four: string;
          created_by: string | null;
          created_at: string;
          last_used_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          name: string;
          algorithm: string;
          sealed_secret?: string | null;
          public_key?: string | null;
          last_four?: string;
          created_by?: string | null;
          created_at?: string;
          last_used_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          name?: string;
          algorithm?: string;
          sealed_secret?: string | null;
          public_key?: string | null;
          last_four?: string;
          created_by?: string | null;
          created_at?: string;
          last_used_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "identity_keys_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      inbound_events: {
        Row: {
          id: string;
          org_id: string;
          connection_id: string;
          event_id: string;
          kind: string;
          contact_id: string;
          status: string;
          attempts: number;
          lease_until: string | null;
          error_code: string | null;
          error_detail: string | null;
          received_at: string;
          ended_at: string | null;
          lease: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          connection_id: string;
          event_id: string;
          kind: string;
          contact_id: string;
          status?: string;
          attempts?: number;
          lease_until?: string | null;
          error_code?: string | null;
          error_detail?: string | null;
          received_at?: string;
          ended_at?: string | null;
          lease?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          connection_id?: string;
          event_id?: string;
          kind?: string;
          contact_id?: string;
          status?: string;
          attempts?: number;
          lease_until?: string | null;
          error_code?: string | null;
          error_detail?: string | null;
          received_at?: string;
          ended_at?: string | null;
          lease?: string | null;
        };
        Relationships: [
          { foreignKeyName: "inbound_events_org_id_connection_id_fkey"; columns: ["org_id","connection_id"]; isOneToOne: false; referencedRelation: "connections"; referencedColumns: ["org_id","id"] },
        ];
      };
      leads: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          conversation_id: string;
          visitor_id: string;
          name: string | null;
          email: string | null;
          phone: string | null;
          message: string | null;
          fields: Json;
          consent: boolean;
          consent_text: string | null;
          page_url: string | null;
          idempotency_key: string;
          request_hash: string;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          conversation_id: string;
          visitor_id: string;
          name?: string | null;
          email?: string | null;
          phone?: string | null;
          message?: string | null;
          fields?: Json;
          consent?: boolean;
          consent_text?: string | null;
          page_url?: string | null;
          idempotency_key: string;
          request_hash: string;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          conversation_id?: string;
          visitor_id?: string;
          name?: string | null;
          email?: string | null;
          phone?: string | null;
          message?: string | null;
          fields?: Json;
          consent?: boolean;
          consent_text?: string | null;
          page_url?: string | null;
          idempotency_key?: string;
          request_hash?: string;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "leads_agent_id_visitor_id_fkey"; columns: ["agent_id","visitor_id"]; isOneToOne: false; referencedRelation: "visitors"; referencedColumns: ["agent_id","id"] },
          { foreignKeyName: "leads_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "leads_org_id_conversation_id_fkey"; columns: ["org_id","conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["org_id","id"] },
        ];
      };
      mails: {
        Row: {
          id: string;
          org_id: string;
          user_id: string;
          kind: string;
          detail: Json;
          created_at: string;
          attempting_until: string | null;
          ended_at: string | null;
          outcome: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          user_id: string;
          kind: string;
          detail?: Json;
          created_at?: string;
          attempting_until?: string | null;
          ended_at?: string | null;
          outcome?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          user_id?: string;
          kind?: string;
          detail?: Json;
          created_at?: string;
          attempting_until?: string | null;
          ended_at?: string | null;
          outcome?: string | null;
        };
        Relationships: [
          { foreignKeyName: "mails_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      memberships: {
        Row: {
          org_id: string;
          user_id: string;
          role: Database["public"]["Enums"]["member_role"];
          created_at: string;
        };
        Insert: {
          org_id: string;
          user_id: string;
          role: Database["public"]["Enums"]["member_role"];
          created_at?: string;
        };
        Update: {
          org_id?: string;
          user_id?: string;
          role?: Database["public"]["Enums"]["member_role"];
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "memberships_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      messages: {
        Row: {
          id: string;
          org_id: string;
          conversation_id: string;
          parent_id: string | null;
          author: string;
          parts: Json;
          body: string;
          status: string;
          client_id: string | null;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          conversation_id: string;
          parent_id?: string | null;
          author: string;
          parts?: Json;
          body?: string;
          status?: string;
          client_id?: string | null;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          conversation_id?: string;
          parent_id?: string | null;
          author?: string;
          parts?: Json;
          body?: string;
          status?: string;
          client_id?: string | null;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "messages_org_id_conversation_id_fkey"; columns: ["org_id","conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["org_id","id"] },
        ];
      };
      organizations: {
        Row: {
          id: string;
          slug: string;
          name: string;
          created_by: string | null;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          slug: string;
          name: string;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Update: {
          id?: string;
          slug?: string;
          name?: string;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Relationships: [
        ];
      };
      outbox: {
        Row: {
          id: string;
          org_id: string | null;
          name: string;
          payload: Json;
          dedupe_key: string | null;
          created_at: string;
          available_at: string;
          claimed_until: string | null;
          sent_at: string | null;
          tries: number;
          turn: number;
          ended_at: string | null;
          request_id: string | null;
          trace: string | null;
          baggage: string | null;
        };
        Insert: {
          id?: string;
          org_id?: string | null;
          name: string;
          payload?: Json;
          dedupe_key?: string | null;
          created_at?: string;
          available_at?: string;
          claimed_until?: string | null;
          sent_at?: string | null;
          tries?: number;
          turn?: number;
          ended_at?: string | null;
          request_id?: string | null;
          trace?: string | null;
          baggage?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string | null;
          name?: string;
          payload?: Json;
          dedupe_key?: string | null;
          created_at?: string;
          available_at?: string;
          claimed_until?: string | null;
          sent_at?: string | null;
          tries?: number;
          turn?: number;
          ended_at?: string | null;
          request_id?: string | null;
          trace?: string | null;
          baggage?: string | null;
        };
        Relationships: [
          { foreignKeyName: "outbox_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      run_actions: {
        Row: {
          run_id: string;
          org_id: string;
          position: number;
          name: string;
          title: string | null;
          kind: string;
          input: Json;
          outcome: string;
          status: number | null;
          duration_ms: number | null;
          output_excerpt: string | null;
        };
        Insert: {
          run_id: string;
          org_id: string;
          position: number;
          name: string;
          title?: string | null;
          kind: string;
          input?: Json;
          outcome: string;
          status?: number | null;
          duration_ms?: number | null;
          output_excerpt?: string | null;
        };
        Update: {
          run_id?: string;
          org_id?: string;
          position?: number;
          name?: string;
          title?: string | null;
          kind?: string;
          input?: Json;
          outcome?: string;
          status?: number | null;
          duration_ms?: number | null;
          output_excerpt?: string | null;
        };
        Relationships: [
          { foreignKeyName: "run_actions_org_id_run_id_fkey"; columns: ["org_id","run_id"]; isOneToOne: false; referencedRelation: "runs"; referencedColumns: ["org_id","id"] },
        ];
      };
      run_passages: {
        Row: {
          run_id: string;
          org_id: string;
          position: number;
          chunk_id: string;
          chunk_hash: string;
          score: number;
          source_id: string | null;
          title: string | null;
          excerpt: string | null;
          cited: boolean;
        };
        Insert: {
          run_id: string;
          org_id: string;
          position: number;
          chunk_id: string;
          chunk_hash: string;
          score: number;
          source_id?: string | null;
          title?: string | null;
          excerpt?: string | null;
          cited?: boolean;
        };
        Update: {
          run_id?: string;
          org_id?: string;
          position?: number;
          chunk_id?: string;
          chunk_hash?: string;
          score?: number;
          source_id?: string | null;
          title?: string | null;
          excerpt?: string | null;
          cited?: boolean;
        };
        Relationships: [
          { foreignKeyName: "run_passages_org_id_run_id_fkey"; columns: ["org_id","run_id"]; isOneToOne: false; referencedRelation: "runs"; referencedColumns: ["org_id","id"] },
        ];
      };
      runs: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          agent_version_id: string | null;
          conversation_id: string;
          message_id: string;
          status: string;
          outcome: string | null;
          responder: string;
          model: string | null;
          provider: string | null;
          prompt_hash: string | null;
          prompt_tokens: number;
          completion_tokens: number;
          cached_tokens: number;
          cost_micros: number;
          retrieval_ms: number | null;
          first_token_ms: number | null;
          total_ms: number | null;
          error_code: string | null;
          started_at: string;
          finished_at: string | null;
          lease_until: string;
          search_text: string | null;
          attempts: Json;
          api_key_id: string | null;
          visitor_facts: Json;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          agent_version_id?: string | null;
          conversation_id: string;
          message_id: string;
          status?: string;
          outcome?: string | null;
          responder: string;
          model?: string | null;
          provider?: string | null;
          prompt_hash?: string | null;
          prompt_tokens?: number;
          completion_tokens?: number;
          cached_tokens?: number;
          cost_micros?: number;
          retrieval_ms?: number | null;
          first_token_ms?: number | null;
          total_ms?: number | null;
          error_code?: string | null;
          started_at?: string;
          finished_at?: string | null;
          lease_until?: string;
          search_text?: string | null;
          attempts?: Json;
          api_key_id?: string | null;
          visitor_facts?: Json;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          agent_version_id?: string | null;
          conversation_id?: string;
          message_id?: string;
          status?: string;
          outcome?: string | null;
          responder?: string;
          model?: string | null;
          provider?: string | null;
          prompt_hash?: string | null;
          prompt_tokens?: number;
          completion_tokens?: number;
          cached_tokens?: number;
          cost_micros?: number;
          retrieval_ms?: number | null;
          first_token_ms?: number | null;
          total_ms?: number | null;
          error_code?: string | null;
          started_at?: string;
          finished_at?: string | null;
          lease_until?: string;
          search_text?: string | null;
          attempts?: Json;
          api_key_id?: string | null;
          visitor_facts?: Json;
        };
        Relationships: [
          { foreignKeyName: "runs_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "runs_org_id_api_key_id_fkey"; columns: ["org_id","api_key_id"]; isOneToOne: false; referencedRelation: "api_keys"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "runs_org_id_conversation_id_fkey"; columns: ["org_id","conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "runs_org_id_message_id_fkey"; columns: ["org_id","message_id"]; isOneToOne: false; referencedRelation: "messages"; referencedColumns: ["org_id","id"] },
        ];
      };
      source_versions: {
        Row: {
          id: string;
          org_id: string;
          source_id: string;
          content_hash: string;
          page_count: number | null;
          char_count: number;
          chunk_count: number;
          language: string | null;
          created_at: string;
          indexed_at: string | null;
          embedded_with: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          source_id: string;
          content_hash: string;
          page_count?: number | null;
          char_count?: number;
          chunk_count?: number;
          language?: string | null;
          created_at?: string;
          indexed_at?: string | null;
          embedded_with?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          source_id?: string;
          content_hash?: string;
          page_count?: number | null;
          char_count?: number;
          chunk_count?: number;
          language?: string | null;
          created_at?: string;
          indexed_at?: string | null;
          embedded_with?: string | null;
        };
        Relationships: [
          { foreignKeyName: "source_versions_org_id_source_id_fkey"; columns: ["org_id","source_id"]; isOneToOne: false; referencedRelation: "sources"; referencedColumns: ["org_id","id"] },
        ];
      };
      sources: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          kind: string;
          title: string;
          url: string | null;
          object_key: string | null;
          media_type: string | null;
          byte_size: number | null;
          content_hash: string | null;
          status: string;
          progress_done: number;
          progress_total: number;
          failure_code: string | null;
          current_version_id: string | null;
          created_by: string | null;
          created_at: string;
          updated_at: string;
          ready_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          kind: string;
          title: string;
          url?: string | null;
          object_key?: string | null;
          media_type?: string | null;
          byte_size?: number | null;
          content_hash?: string | null;
          status?: string;
          progress_done?: number;
          progress_total?: number;
          failure_code?: string | null;
          current_version_id?: string | null;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
          ready_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          kind?: string;
          title?: string;
          url?: string | null;
          object_key?: string | null;
          media_type?: string | null;
          byte_size?: number | null;
          content_hash?: string | null;
          status?: string;
          progress_done?: number;
          progress_total?: number;
          failure_code?: string | null;
          current_version_id?: string | null;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
          ready_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "sources_current_version_fkey"; columns: ["id","current_version_id"]; isOneToOne: false; referencedRelation: "source_versions"; referencedColumns: ["source_id","id"] },
          { foreignKeyName: "sources_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      unanswered: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          run_id: string;
          question: string;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          run_id: string;
          question: string;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          run_id?: string;
          question?: string;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "unanswered_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "unanswered_org_id_run_id_fkey"; columns: ["org_id","run_id"]; isOneToOne: false; referencedRelation: "runs"; referencedColumns: ["org_id","id"] },
        ];
      };
      usage_alerts: {
        Row: {
          id: string;
          org_id: string;
          budget_id: string;
          period_start: string;
          period_end: string;
          threshold: number;
          limit_value: number;
          used: number;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          budget_id: string;
          period_start: string;
          period_end: string;
          threshold: number;
          limit_value: number;
          used: number;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          budget_id?: string;
          period_start?: string;
          period_end?: string;
          threshold?: number;
          limit_value?: number;
          used?: number;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "usage_alerts_org_id_budget_id_fkey"; columns: ["org_id","budget_id"]; isOneToOne: false; referencedRelation: "budgets"; referencedColumns: ["org_id","id"] },
        ];
      };
      usage_by_model: {
        Row: {
          org_id: string;
          agent_id: string;
          day: string;
          model: string;
          answers: number;
          prompt_tokens: number;
          completion_tokens: number;
          cost_micros: number;
        };
        Insert: {
          org_id: string;
          agent_id: string;
          day: string;
          model: string;
          answers?: number;
          prompt_tokens?: number;
          completion_tokens?: number;
          cost_micros?: number;
        };
        Update: {
          org_id?: string;
          agent_id?: string;
          day?: string;
          model?: string;
          answers?: number;
          prompt_tokens?: number;
          completion_tokens?: number;
          cost_micros?: number;
        };
        Relationships: [
          { foreignKeyName: "usage_by_model_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      usage_daily: {
        Row: {
          org_id: string;
          agent_id: string;
          day: string;
          conversations: number;
          answers: number;
          unanswered: number;
          prompt_tokens: number;
          completion_tokens: number;
          cost_micros: number;
        };
        Insert: {
          org_id: string;
          agent_id: string;
          day: string;
          conversations?: number;
          answers?: number;
          unanswered?: number;
          prompt_tokens?: number;
          completion_tokens?: number;
          cost_micros?: number;
        };
        Update: {
          org_id?: string;
          agent_id?: string;
          day?: string;
          conversations?: number;
          answers?: number;
          unanswered?: number;
          prompt_tokens?: number;
          completion_tokens?: number;
          cost_micros?: number;
        };
        Relationships: [
          { foreignKeyName: "usage_daily_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      visitors: {
        Row: {
          id: string;
          org_id: string;
          agent_id: string;
          locale: string | null;
          created_at: string;
          last_seen_at: string;
          external_id: string | null;
          email: string | null;
          phone: string | null;
          name: string | null;
          verified_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          agent_id: string;
          locale?: string | null;
          created_at?: string;
          last_seen_at?: string;
          external_id?: string | null;
          email?: string | null;
          phone?: string | null;
          name?: string | null;
          verified_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          agent_id?: string;
          locale?: string | null;
          created_at?: string;
          last_seen_at?: string;
          external_id?: string | null;
          email?: string | null;
          phone?: string | null;
          name?: string | null;
          verified_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "visitors_org_id_agent_id_fkey"; columns: ["org_id","agent_id"]; isOneToOne: false; referencedRelation: "agents"; referencedColumns: ["org_id","id"] },
        ];
      };
      webhook_attempts: {
        Row: {
          delivery_id: string;
          org_id: string;
          attempt: number;
          started_at: string;
          duration_ms: number | null;
          status_code: number | null;
          failure: string | null;
          request_headers: Json;
          request_body: string | null;
          response_body: string | null;
        };
        Insert: {
          delivery_id: string;
          org_id: string;
          attempt: number;
          started_at?: string;
          duration_ms?: number | null;
          status_code?: number | null;
          failure?: string | null;
          request_headers?: Json;
          request_body?: string | null;
          response_body?: string | null;
        };
        Update: {
          delivery_id?: string;
          org_id?: string;
          attempt?: number;
          started_at?: string;
          duration_ms?: number | null;
          status_code?: number | null;
          failure?: string | null;
          request_headers?: Json;
          request_body?: string | null;
          response_body?: string | null;
        };
        Relationships: [
          { foreignKeyName: "webhook_attempts_org_id_delivery_id_fkey"; columns: ["org_id","delivery_id"]; isOneToOne: false; referencedRelation: "webhook_deliveries"; referencedColumns: ["org_id","id"] },
        ];
      };
      webhook_deliveries: {
        Row: {
          id: string;
          org_id: string;
          event_id: string;
          endpoint_id: string;
          status: string;
          attempts: number;
          next_attempt_at: string | null;
          attempting_until: string | null;
          is_replay: boolean;
          created_at: string;
          ended_at: string | null;
        };
        Insert: {
          id?: string;
          org_id: string;
          event_id: string;
          endpoint_id: string;
          status?: string;
          attempts?: number;
          next_attempt_at?: string | null;
          attempting_until?: string | null;
          is_replay?: boolean;
          created_at?: string;
          ended_at?: string | null;
        };
        Update: {
          id?: string;
          org_id?: string;
          event_id?: string;
          endpoint_id?: string;
          status?: string;
          attempts?: number;
          next_attempt_at?: string | null;
          attempting_until?: string | null;
          is_replay?: boolean;
          created_at?: string;
          ended_at?: string | null;
        };
        Relationships: [
          { foreignKeyName: "webhook_deliveries_org_id_endpoint_id_fkey"; columns: ["org_id","endpoint_id"]; isOneToOne: false; referencedRelation: "webhook_endpoints"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "webhook_deliveries_org_id_event_id_fkey"; columns: ["org_id","event_id"]; isOneToOne: false; referencedRelation: "webhook_events"; referencedColumns: ["org_id","id"] },
        ];
      };
      webhook_endpoints: {
        Row: {
          id: string;
          org_id: string;
          url: string;
          description: string;
          events: string[];
          status: string;
          disabled_reason: string | null;
          sealed_secret: string;
          previous_secret: string | null;
          previous_until: string | null;
          failing_since: string | null;
          last_success_at: string | null;
          created_by: string | null;
          created_at: string;
          updated_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          url: string;
          description?: string;
          events: string[];
          status?: string;
          disabled_reason?: string | null;
          sealed_secret: string;
          previous_secret?: string | null;
          previous_until?: string | null;
          failing_since?: string | null;
          last_success_at?: string | null;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          url?: string;
          description?: string;
          events?: string[];
          status?: string;
          disabled_reason?: string | null;
          sealed_secret?: string;
          previous_secret?: string | null;
          previous_until?: string | null;
          failing_since?: string | null;
          last_success_at?: string | null;
          created_by?: string | null;
          created_at?: string;
          updated_at?: string;
        };
        Relationships: [
          { foreignKeyName: "webhook_endpoints_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
      webhook_events: {
        Row: {
          id: string;
          org_id: string;
          type: string;
          ordering_key: string;
          data: Json;
          conversation_id: string | null;
          created_at: string;
        };
        Insert: {
          id?: string;
          org_id: string;
          type: string;
          ordering_key: string;
          data: Json;
          conversation_id?: string | null;
          created_at?: string;
        };
        Update: {
          id?: string;
          org_id?: string;
          type?: string;
          ordering_key?: string;
          data?: Json;
          conversation_id?: string | null;
          created_at?: string;
        };
        Relationships: [
          { foreignKeyName: "webhook_events_org_id_conversation_id_fkey"; columns: ["org_id","conversation_id"]; isOneToOne: false; referencedRelation: "conversations"; referencedColumns: ["org_id","id"] },
          { foreignKeyName: "webhook_events_org_id_fkey"; columns: ["org_id"]; isOneToOne: false; referencedRelation: "organizations"; referencedColumns: ["id"] },
        ];
      };
    };
    Views: Record<never, never>;
    Functions: {
      action_use: { Args: { org: string | null; agent: string | null }; Returns: { name: string; used: number; failed: number; declined: number; last_used: string }[] };
      add_chunks: { Args: { version: string | null; batch: Json | null }; Returns: number };
      add_embeddings: { Args: { version: string | null; embedding_model: string | null; batch: Json | null }; Returns: undefined };
      add_endpoint_for_key: { Args: { org: string | null; api_key: string | null; endpoint: string | null; endpoint_url: string | null; endpoint_description: string | null; endpoint_events: string[] | null; sealed: string | null; idempotency_key?: string | null; request_hash?: string | null }; Returns: string };
      add_file_source: { Args: { org: string | null; agent: string | null; source: string | null; source_title: string | null; source_media_type: string | null; source_byte_size: number | null; source_hash: string | null }; Returns: Database["public"]["Tables"]["sources"]["Row"] };
      add_platform_admin: { Args: { address: string | null }; Returns: boolean };
      add_source_for_key: { Args: { org: string | null; agent: string | null; api_key: string | null; source: string | null; source_kind: string | null; source_title: string | null; source_media_type: string | null; source_byte_size: number | null; source_hash: string | null; idempotency_key?: string | null; request_hash?: string | null }; Returns: string };
      backup_status: { Args: Record<never, never>; Returns: Json };
      beat_worker: { Args: { worker: string | null; info: Json | null }; Returns: string[] };
      begin_backup: { Args: { place: string | null; file_name: string | null; is_scheduled: boolean | null; lease_seconds?: number | null }; Returns: string };
      begin_crm_inbound: { Args: { event: string | null; job: string | null; lease_seconds?: number | null }; Returns: Json };
      begin_crm_pull: { Args: { connection: string | null; job: string | null; lease_seconds?: number | null }; Returns: Json };
      begin_crm_push: { Args: { push: string | null; job: string | null; lease_seconds?: number | null }; Returns: Json };
      begin_crm_sign_in: { Args: { org: string | null; state_hash: string | null; session_hash: string | null; crm: string | null; cloud: string | null; domain: string | null; sealed_verifier: string | null; connection?: string | null }; Returns: undefined };
      begin_grant_refresh: { Args: { connection: string | null; generation: number | null; lease_seconds?: number | null }; Returns: boolean };
      begin_mail: { Args: { mail: string | null; lease_seconds?: number | null }; Returns: Json };
      begin_source_version: { Args: { source: string | null; version_hash: string | null; pages: number | null; chars: number | null; lang: string | null; chunk_total: number | null }; Returns: string };
      begin_turn: { Args: { org: string | null; agent: string | null; visitor: string | null; page_origin: string | null; conversation: string | null; channel: string | null; message_id: string | null; message_text: string | null; regenerate?: boolean | null; answer_id?: string | null; visitor_locale?: string | null; page_url?: string | null; responder?: string | null; idempotency_scope?: string | null; idempotency_key?: string | null; request_hash?: string | null; history_limit?: number | null; api_key?: string | null; reserve_tokens?: number | null; reserve_micros?: number | null }; Returns: Json };
      begin_webhook_attempt: { Args: { delivery: string | null; lease_seconds?: number | null }; Returns: Json };
      budget_use: { Args: { org: string | null }; Returns: { id: string; agent_id: string; api_key_id: string; subject: string; metric: string; limit_value: number; used: number; reserved: number; period_end: string; updated_at: string }[] };
      capture_lead: { Args: { org: string | null; agent: string | null; visitor: string | null; page_origin: string | null; conversation: string | null; channel: string | null; lead: Json | null; idempotency_key: string | null; request_hash: string | null; page_url?: string | null }; Returns: Json };
      change_agent_settings: { Args: { org: string | null; agent: string | null; base: string | null; agent_settings: Json | null }; Returns: string };
      change_connection: { Args: { org: string | null; connection: string | null; wish: string | null }; Returns: boolean };
      chunks_to_embed: { Args: { version: string | null; embedding_model: string | null; max_rows?: number | null }; Returns: { chunk_id: string; content: string }[] };
      claim_outbox: { Args: { batch_size?: number | null; lease_seconds?: number | null; slots?: number | null; ranks?: Json | null }; Returns: { id: string; org_id: string; name: string; payload: Json; created_at: string; tries: number; turn: number; request_id: string; trace: string; baggage: string }[] };
      connection_names: { Args: { org: string | null }; Returns: { id: string; crm: string; cloud: string; name: string; status: string }[] };
      create_organization: { Args: { org_name: string | null; org_slug: string | null }; Returns: Database["public"]["Tables"]["organizations"]["Row"] };
      crm_context: { Args: { org: string | null; visitor: string | null }; Returns: Json };
      crm_push_facts: { Args: { org: string | null; conversation: string | null }; Returns: Json };
      deployment_facts: { Args: Record<never, never>; Returns: Json };
      dismiss_inbound_event: { Args: { org: string | null; event: string | null }; Returns: boolean };
      doubt_crm_account: { Args: { account_crm: string | null; account: string | null }; Returns: number };
      drop_crm_link: { Args: { push: string | null; job: string | null; kind: string | null }; Returns: undefined };
      drop_old_readings: { Args: { source: string | null; max_chunks?: number | null }; Returns: boolean };
      end_backup: { Args: { backup: string | null; failure?: string | null; bytes?: number | null; rows_count?: number | null; objects_count?: number | null }; Returns: undefined };
      end_conversation: { Args: { org: string | null; visitor: string | null; conversation: string | null }; Returns: boolean };
      end_crm_inbound: { Args: { events: string[] | null; job: string | null; contacts: Json | null; gone: string[] | null }; Returns: number };
      end_crm_push: { Args: { push: string | null; job: string | null; ending: string | null; seen: number | null; code?: string | null; detail?: string | null; wrote?: Json | null }; Returns: undefined };
      end_grant_refresh: { Args: { connection: string | null; generation: number | null }; Returns: undefined };
      end_idle_conversations: { Args: { idle_minutes?: number | null; batch?: number | null }; Returns: number };
      end_mail: { Args: { mail: string | null; how: string | null }; Returns: undefined };
      end_webhook_attempt: { Args: { delivery: string | null; attempt: number | null; result: Json | null }; Returns: undefined };
      erase_conversation: { Args: { org: string | null; visitor: string | null; conversation: string | null }; Returns: string[] };
      fail_crm_inbound: { Args: { events: string[] | null; job: string | null; dead: boolean | null; code: string | null; detail?: string | null }; Returns: undefined };
      fail_lost_runs: { Args: { org: string | null; conversation: string | null; everything?: boolean | null }; Returns: number };
      find_api_key: { Args: { hash: string | null }; Returns: { id: string; org_id: string; scopes: string[] }[] };
      finish_turn: { Args: { org: string | null; run: string | null; result: Json | null }; Returns: boolean };
      forget_worker: { Args: { worker: string | null }; Returns: undefined };
      is_listed_origin: { Args: { origin: string | null }; Returns: boolean };
      is_platform_admin: { Args: Record<never, never>; Returns: boolean };
      jobs_in_flight: { Args: { quiet_seconds: number | null; after_id?: string | null; max_rows?: number | null }; Returns: { id: string; name: string; tries: number; turn: number }[] };
      list_members: { Args: { org: string | null }; Returns: { user_id: string; email: string; role: Database["public"]["Enums"]["member_role"]; created_at: string }[] };
      mark_outbox_sent: { Args: { ids: string[] | null; turns?: number[] | null }; Returns: undefined };
      note_connection: { Args: { connection: string | null; code: string | null; detail?: string | null }; Returns: undefined };
      note_crm_link: { Args: { push: string | null; job: string | null; kind: string | null; external?: string | null; link_url?: string | null; mine?: boolean | null; hash?: string | null; lease_seconds?: number | null }; Returns: string };
      open_connection: { Args: { connection: string | null }; Returns: Json };
      open_session: { Args: { org: string | null; agent: string | null; visitor?: string | null; visitor_locale?: string | null }; Returns: Json };
      open_verified_session: { Args: { org: string | null; agent: string | null; identity_key: string | null; external_id: string | null; claims?: Json | null; anonymous?: string | null; visitor_locale?: string | null }; Returns: Json };
      outbox_figures: { Args: Record<never, never>; Returns: { waiting: number; oldest_seconds: number; later: number; in_flight: number; dead: number }[] };
      pause_crm_account: { Args: { account_crm: string | null; account: string | null; milliseconds: number | null }; Returns: undefined };
      pause_jobs: { Args: { job_name: string | null; paused: boolean | null }; Returns: undefined };
      platform_figures: { Args: Record<never, never>; Returns: Json };
      platform_status: { Args: Record<never, never>; Returns: Json };
      poll_crms: { Args: Record<never, never>; Returns: number };
      postpone_job: { Args: { job_org: string | null; job_name: string | null; job_payload: Json | null; after_job: string | null; milliseconds: number | null }; Returns: undefined };
      publish_source_version: { Args: { version: string | null }; Returns: undefined };
      push_to_crm: { Args: { org: string | null; connection: string | null; conversation: string | null }; Returns: string };
      queue_overview: { Args: Record<never, never>; Returns: Json };
      rate_answer: { Args: { org: string | null; visitor: string | null; message: string | null; new_rating: string | null; new_comment?: string | null }; Returns: boolean };
      reauthorize_connection: { Args: { org: string | null; connection: string | null; account: string | null; kind: string | null; sealed: string | null; expires: string | null }; Returns: boolean };
      receive_crm_events: { Args: { connection: string | null; events: Json | null }; Returns: number };
      renew_backup: { Args: { backup: string | null; lease_seconds?: number | null }; Returns: boolean };
      replay_webhooks: { Args: { org: string | null; endpoint: string | null; delivery?: string | null; since?: string | null; until?: string | null; only_failed?: boolean | null }; Returns: number };
      request_handoff: { Args: { org: string | null; agent: string | null; visitor: string | null; page_origin: string | null; conversation: string | null; channel: string | null; reason?: string | null; page_url?: string | null }; Returns: Json };
      requeue_embedding: { Args: { version: string | null }; Returns: undefined };
      requeue_lost_deliveries: { Args: { quiet_seconds?: number | null }; Returns: number };
      requeue_lost_mails: { Args: { quiet_seconds?: number | null }; Returns: number };
      requeue_source: { Args: { source: string | null }; Returns: undefined };
      reread_source: { Args: { org: string | null; source: string | null }; Returns: Database["public"]["Tables"]["sources"]["Row"] };
      retry_inbound_event: { Args: { org: string | null; event: string | null }; Returns: boolean };
      rotate_webhook_secret: { Args: { org: string | null; endpoint: string | null; sealed: string | null; overlap_hours?: number | null }; Returns: string };
      save_agent: { Args: { org: string | null; agent: string | null; agent_name: string | null; agent_settings: Json | null; origins: string[] | null }; Returns: Database["public"]["Tables"]["agents"]["Row"] };
      save_partial_answers: { Args: { saves: Json | null; lease_seconds?: number | null }; Returns: string[] };
      search_chunks: { Args: { org: string | null; agent: string | null; question: string | null; max_results?: number | null; question_embedding?: string | null; embedding_model?: string | null }; Returns: { chunk_id: string; source_id: string; title: string; url: string; media_type: string; page: number; heading_path: string[]; body: string; char_start: number; char_end: number; content_hash: string; language: string; score: number }[] };
      settle_dead_jobs: { Args: { ids: string[] | null; retry: boolean | null }; Returns: number };
      settle_jobs: { Args: { outcomes: Json | null }; Returns: undefined };
      store_crm_contacts: { Args: { connection: string | null; contacts: Json | null; gone?: string[] | null }; Returns: number };
      store_crm_page: { Args: { connection: string | null; job: string | null; at_cursor: string | null; page: Json | null; gone: string[] | null; next_cursor: string | null; in_all?: number | null; lease_seconds?: number | null }; Returns: boolean };
      store_grant: { Args: { connection: string | null; generation: number | null; sealed: string | null; expires: string | null }; Returns: boolean };
      sweep_jobs: { Args: Record<never, never>; Returns: undefined };
      take_crm_quota: { Args: { account_crm: string | null; account: string | null; wanted: Json | null }; Returns: number };
      take_crm_sign_in: { Args: { state_hash: string | null; session_hash: string | null }; Returns: Json };
      take_tick: { Args: { job_name: string | null; tick: string | null }; Returns: boolean };
      test_webhook: { Args: { org: string | null; endpoint: string | null }; Returns: string };
      unembedded_versions: { Args: { embedding_model: string | null; max_rows?: number | null }; Returns: { version_id: string; jobs: string[] }[] };
      unfinished_sources: { Args: { quiet_seconds: number | null; max_rows?: number | null }; Returns: { source_id: string; jobs: string[]; recent: number }[] };
      visitor_agent: { Args: { public_agent_id: string | null }; Returns: { agent_id: string; org_id: string; public_id: string; name: string; status: string; settings: Json; origins: string[] }[] };
      visitor_citation: { Args: { org: string | null; visitor: string | null; message: string | null; citation_index: number | null }; Returns: Database["public"]["Tables"]["citations"]["Row"][] };
      visitor_conversation: { Args: { org: string | null; visitor: string | null; conversation: string | null }; Returns: Json };
      visitor_facts: { Args: { org: string | null; agent: string | null; visitor: string | null }; Returns: Json };
      visitor_run: { Args: { org: string | null; visitor: string | null; conversation: string | null }; Returns: Json };
      wake_connection: { Args: { connection: string | null }; Returns: number };
      yield_crm_pull: { Args: { connection: string | null; job: string | null; milliseconds?: number | null; anew?: boolean | null }; Returns: undefined };
    };
    Enums: {
      member_role: "viewer" | "operator" | "editor" | "admin" | "owner";
    };
    CompositeTypes: Record<never, never>;
  };
};
